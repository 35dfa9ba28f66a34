//! Lists the active WhatsApp groups of a Gupshup app as an async stream: complete or an error, resumable, in both
//! directions.
//!
//! ```no_run
//! use futures::StreamExt;
//! use gupshup_groups::Client;
//!
//! # async fn list() -> gupshup_groups::Result<()> {
//! let client = Client::from_env()?; // GUPSHUP_API_KEY
//! let mut groups = client.groups("app-id").stream();
//! while let Some(group) = groups.next().await {
//!     let group = group?;
//!     println!("{} {}", group.id, group.subject);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Overview
//!
//! A [`Client`] holds the key and the address. A [`ListGroups`] is one listing: an app and its settings. A [`GroupStream`]
//! requests pages as they are needed, follows the API's cursors, and yields [`Group`]s. It ends with `None` only at the end
//! of the list; anything else is an [`Error`]. The stream and the error hold a [`Checkpoint`], from which another stream, or
//! another process, resumes.
//!
//! # Contents
//!
//! - [Which method do I want?](#which-method-do-i-want), [guarantees](#guarantees), [runtime](#runtime),
//!   [features](#features)
//! - Client: [`Client`], [`ClientBuilder`], [`RetryPolicy`], [`Attempt`]
//! - Listing options: [`ListGroups`], [`PageSize`], [`Cursor`]
//! - Streams: [`GroupStream`], [`PageStream`], [`TrackedStream`], [`Progress`], [`Direction`]
//! - Results: [`Group`], [`Page`], [`Cursors`], [`Checkpoint`], [`Error`]
//! - Whole lists: [`Snapshot`], [`Change`], [`Update`]
//! - Other transports, and tests: [`AnySource`], [`PageSource`], [`PageRequest`], [`Position`], and `testing::FakeGroups` (feature
//!   `test-util`)
//! - The reasons: `DESIGN.md` in this package
//!
//! # Which method do I want?
//!
//! | I want | method |
//! |---|---|
//! | every group, one by one | [`stream`](ListGroups::stream) |
//! | all groups or an error: look groups up, report | [`snapshot`](ListGroups::snapshot) |
//! | the same, to delete what is missing: sync a database | [`consistent_snapshot`](ListGroups::consistent_snapshot) |
//! | the changes between two snapshots | [`Snapshot::changes_since`] |
//! | the changes from now on | [`watch`](ListGroups::watch) |
//! | the changes, also those while the service was down; on a webhook | [`updates`](ListGroups::updates) |
//! | pages as the server sends them | [`pages`](ListGroups::pages), [`page`](ListGroups::page) |
//! | only the first groups | [`max_groups`](ListGroups::max_groups), then [`stream`](ListGroups::stream) |
//! | to resume in another process | [`resume`](ListGroups::resume) from a [`checkpoint`](GroupStream::checkpoint) |
//! | to resume the same stream after an error | [`GroupStream::resume`] |
//! | to process groups concurrently and lose none in a crash | [`GroupStream::tracked`] |
//! | to start at a cursor | [`after`](ListGroups::after), [`before`](ListGroups::before) (backward) |
//! | to reverse | [`GroupStream::reverse`] |
//! | to process a page while the next one is fetched | [`read_ahead`](ListGroups::read_ahead) |
//! | fewer or more groups a request | [`page_size`](ListGroups::page_size) |
//! | to store a listing in a struct that tests can give a fake | [`boxed`](ListGroups::boxed) |
//! | to wrap the requests in code of my own | [`map_source`](ListGroups::map_source) |
//! | to stay under a rate limit | [`rate_limit`](ClientBuilder::rate_limit) |
//! | metrics of every attempt | [`observer`](ClientBuilder::observer) |
//!
//! # Guarantees
//!
//! - **[Complete or an error](GroupStream#order-and-completeness).** The end of the list is
//!   [established](GroupStream#the-end-of-the-list), never guessed.
//! - **[Lazy](GroupStream#laziness).** No request is made before the first poll, and none ahead of demand.
//! - **[Exact checkpoints](Checkpoint).** Resuming neither skips nor repeats a group of an unchanged list.
//! - **[Errors keep the place](GroupStream#errors-and-recovery).** An error comes once, after every group that arrived
//!   before it.
//! - **[Expired cursors heal](GroupStream#when-groups-change-meanwhile).** Each group still comes once.
//! - **[No endless loop](Error::is_cursor_loop).** A cursor that repeats is an error.
//! - **[Cancel-safe](GroupStream#cancel-safety).** Dropping `next()` loses nothing; dropping the stream leaves no task.
//! - **[The key stays at its origin](ClientBuilder::http).** No error, log or `Debug` shows it.
//! - **[Bounded](Client::builder).** Time, memory and [attempts](RetryPolicy) have limits.
//!
//! # Runtime
//!
//! A [`Client`] needs a tokio runtime with I/O and timers, as `#[tokio::main]` makes it. Its connections belong to the
//! runtime that opened them, so make a client for each runtime. Elsewhere a listing of a [`Client`] is an error that
//! [`is_config`](Error::is_config).
//!
//! The target wasm32 is not supported: it has no such runtime.
//!
//! A [`PageSource`] that needs no runtime runs on any executor. Without timers, what would have to wait is an error: the
//! failed attempt that would be repeated, and the request that a used-up rate limit does not allow yet. The deadline of a
//! page is then looked at when the stream is polled.
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `rustls` | TLS by rustls, with the platform's certificates | on |
//! | `native-tls` | TLS by the platform's own library | off |
//! | `tracing` | a span for each page; events for retries, restarts and lowered page sizes: see `TRACING_TARGET` | off |
//! | `test-util` | `testing::FakeGroups`, for tests of your own code | off |
//! | `cli` | the program `gupshup-groups` | off |
//!
//! Without `rustls` and `native-tls`, only a base URL with http works.

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod any_source;
mod checkpoint;
mod client;
mod consistent;
mod cursor;
mod deadline;
mod error;
mod fetch;
mod groups;
mod http;
#[cfg(any(fuzzing, feature = "_bench"))]
#[doc(hidden)]
pub mod internals;
mod list;
mod page;
mod pages;
mod snapshot;
mod source;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod timer;
mod trace;
mod tracked;
mod updates;
mod walk;
mod watch;
mod wire;

pub use any_source::AnySource;
pub use checkpoint::Checkpoint;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL, PARTNER_BASE_URL};
pub use cursor::{Cursor, Direction, Position};
pub use error::{Error, Result};
pub use fetch::{Attempt, RetryPolicy};
pub use groups::GroupStream;
pub use http::{HttpFetch, HttpSource};
pub use list::ListGroups;
pub use page::{Cursors, Group, Page};
pub use pages::{PageStream, Progress};
pub use snapshot::{Change, Snapshot};
pub use source::{PageRequest, PageSource};
#[cfg(feature = "tracing")]
pub use trace::TRACING_TARGET;
pub use tracked::{Ack, Processed, Tracked, TrackedStream};
pub use updates::Update;
pub use walk::PageSize;

/// The HTTP client that [`ClientBuilder::http`] configures, in the version that this crate uses.
pub use reqwest;

#[cfg(doctest)]
#[doc = include_str!("../DESIGN.md")]
struct Design;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
