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
//! A [`Client`] holds the key and the address. A [`ListGroups`] is one listing: an app and its settings. A
//! [`GroupStream`] requests pages on demand and yields [`Group`]s. A list that may be incomplete ends with an
//! [`Error`], not with `None`. Stream and error hold a [`Checkpoint`], from which a listing resumes, also in another
//! process.
//!
//! # Contents
//!
//! - Client: [`Client`], [`ClientBuilder`], [`RetryPolicy`], [`Attempt`]
//! - Listing options: [`ListGroups`], [`PageSize`], [`Cursor`]
//! - Streams: [`GroupStream`], [`PageStream`], [`TrackedStream`], [`Progress`], [`Direction`]
//! - Results: [`Group`], [`Page`], [`Cursors`], [`Checkpoint`], [`Error`]
//! - Whole lists: [`Snapshot`], [`Change`], [`Update`]
//! - Transports and tests: [`AnySource`], [`PageSource`], [`PageRequest`], [`Position`], `testing::FakeGroups`
//! - The reasons: `DESIGN.md` in this package
//!
//! # Which method do I want?
//!
//! | task | method |
//! |---|---|
//! | list every group, one by one | [`stream`](ListGroups::stream) |
//! | get all groups or an error | [`snapshot`](ListGroups::snapshot) |
//! | get all groups, to delete what is missing | [`consistent_snapshot`](ListGroups::consistent_snapshot) |
//! | compare two snapshots | [`Snapshot::changes_since`] |
//! | get the changes from now on | [`watch`](ListGroups::watch) |
//! | get all changes, also across restarts; list on a webhook | [`updates`](ListGroups::updates) |
//! | list pages as the server sends them | [`pages`](ListGroups::pages), [`page`](ListGroups::page) |
//! | list only the first groups | [`max_groups`](ListGroups::max_groups) |
//! | resume in another process | [`resume`](ListGroups::resume) from a [`checkpoint`](GroupStream::checkpoint) |
//! | resume the same stream after an error | [`GroupStream::resume`] |
//! | process groups concurrently and lose none in a crash | [`GroupStream::tracked`] |
//! | start at a cursor | [`after`](ListGroups::after), [`before`](ListGroups::before) (backward) |
//! | reverse | [`GroupStream::reverse`] |
//! | process a page while the next one is fetched | [`read_ahead`](ListGroups::read_ahead) |
//! | store a listing in a struct, and test it with a fake | [`boxed`](ListGroups::boxed) |
//! | wrap the requests | [`map_source`](ListGroups::map_source) |
//! | stay under a rate limit | [`rate_limit`](ClientBuilder::rate_limit) |
//! | measure every attempt | [`observer`](ClientBuilder::observer) |
//!
//! # Guarantees
//!
//! - **[Complete or an error](GroupStream#order-and-completeness).** The end of the list is
//!   [established](GroupStream#the-end-of-the-list), never guessed.
//! - **[Lazy](GroupStream#laziness).** No request is made before the first poll, and none ahead of demand.
//! - **[Exact checkpoints](Checkpoint).** Resuming neither skips nor repeats a group of an unchanged list.
//! - **[Errors keep the place](GroupStream#errors-and-recovery).** An error follows every group that arrived before it.
//! - **[Expired cursors](GroupStream#when-groups-change-meanwhile)** restart the listing; no group is yielded twice.
//! - **[No endless loop](Error::is_cursor_loop).** A repeated cursor is an error.
//! - **[Cancel-safe](GroupStream#cancel-safety).** Dropping `next()` loses nothing; dropping the stream leaves no task.
//! - **[The key stays at its origin](ClientBuilder::http).** No error, log or `Debug` shows it.
//! - **[Bounded](ClientBuilder).** Time, memory and [attempts](RetryPolicy) have limits.
//!
//! # Runtime
//!
//! A [`Client`] needs a tokio runtime with I/O and timers, such as that of `#[tokio::main]`. Its connections belong to
//! the runtime that opened them: make one client for each runtime. Without such a runtime, its listings fail with
//! [`is_config`](Error::is_config). wasm32 is not supported.
//!
//! Other [`PageSource`]s run on any executor. Without timers, nothing can wait: a failed attempt is not repeated, an
//! exhausted rate limit is an error, and the deadline of a page is checked only at each poll.
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `rustls` | TLS by rustls, with the platform's certificates | on |
//! | `native-tls` | TLS by the platform's own library | off |
//! | `tracing` | spans and events: see `TRACING_TARGET` | off |
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
mod progress;
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
pub use pages::PageStream;
pub use progress::Progress;
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
