//! Lists a Gupshup app's active WhatsApp groups as an async stream: complete or an error, resumable, in both directions.
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
//! A [`Client`] knows the key and the address, a [`ListGroups`] what to list, and a [`GroupStream`] where it is. The stream
//! asks for a page when a group of it is wanted, follows the API's cursors, and yields [`Group`]s. It ends with `None` when
//! the API has said that the list is at its end, and with an [`Error`] otherwise. Both hold a [`Checkpoint`], at which
//! another stream, or another process, goes on.
//!
//! # Contents
//!
//! - [Which method do I want?](#which-method-do-i-want)
//! - [Guarantees](#guarantees)
//! - [Runtime](#runtime), [Features](#features)
//! - Who asks: [`Client`], [`ClientBuilder`], [`RetryPolicy`]
//! - What to list: [`ListGroups`], [`PageSize`], [`Cursor`]
//! - Streams: [`GroupStream`], [`PageStream`], [`TrackedStream`], [`Progress`], [`Direction`]
//! - What comes: [`Group`], [`Page`], [`Cursors`], and [`Error`] with what to do about each kind
//! - Places: [`Checkpoint`]
//! - Whole lists: [`Snapshot`], [`Change`], [`Update`]
//! - Other transports, and tests: [`PageSource`], [`PageRequest`], [`Position`]
//!   and `testing::FakeGroups` (feature `test-util`)
//! - Why it is so: the file `DESIGN.md` of this package answers the questions of a critic
//!
//! # Which method do I want?
//!
//! | I want | method |
//! |---|---|
//! | every group, one by one | [`stream`](ListGroups::stream) |
//! | all groups or nothing: to look groups up, to report | [`snapshot`](ListGroups::snapshot) |
//! | the same, to delete or mark what is missing: to sync a database | [`consistent_snapshot`](ListGroups::consistent_snapshot) |
//! | what has changed between two snapshots | [`Snapshot::changes_since`] |
//! | what changes, also while my service is down, and when a webhook calls | [`updates`](ListGroups::updates) |
//! | what changes from now on | [`watch`](ListGroups::watch) |
//! | pages as the server sends them, with their cursors | [`pages`](ListGroups::pages) |
//! | just the first page | [`page`](ListGroups::page) |
//! | only the first few groups | [`max_groups`](ListGroups::max_groups), then [`stream`](ListGroups::stream) |
//! | to go on where another stream, or another process, has stopped | [`resume`](ListGroups::resume) with its [`checkpoint`](GroupStream::checkpoint) |
//! | to go on after an error, in the same stream | [`GroupStream::resume`] |
//! | to handle groups concurrently, and to leave none out after a crash | [`GroupStream::tracked`] |
//! | to begin at a cursor that I have | [`after`](ListGroups::after), or backward [`before`](ListGroups::before) |
//! | to turn round where I am | [`GroupStream::reverse`] |
//! | to handle one page while the next one comes | [`read_ahead`](ListGroups::read_ahead) |
//! | fewer or larger requests | [`page_size`](ListGroups::page_size) |
//! | not to be told that I ask too often | [`rate_limit`](ClientBuilder::rate_limit) |
//!
//! # Guarantees
//!
//! - **[Complete, or an error](GroupStream#order-and-completeness).** A list is never just short.
//! - **[Lazy](GroupStream#laziness).** Nothing is asked before the first poll, nor ahead of demand.
//! - **[Exact places](Checkpoint).** Resuming neither skips nor repeats a group of a list that has not changed.
//! - **[Errors leave a way on](GroupStream#errors-and-recovery).** One comes once, after every group that arrived before it.
//! - **[Expired cursors heal](GroupStream#when-groups-change-meanwhile).** Each group still comes once.
//! - **[No endless loop](Error::is_cursor_loop).** A cursor that comes back is an error.
//! - **[Cancel-safe](GroupStream#cancel-safety).** A dropped `next()` loses nothing; a dropped stream leaves nothing.
//! - **[The key stays](ClientBuilder::http).** It goes to the configured origin only, and no error, log or `Debug` shows it.
//! - **[Bounded](ClientBuilder#default).** In time, in size, and in [attempts](RetryPolicy).
//!
//! What is not promised stands at the end of `DESIGN.md`.
//!
//! # Runtime
//!
//! A [`Client`] needs a tokio runtime with I/O and timers, as `#[tokio::main]` makes it; on one that is built without them
//! tokio panics. Its connections belong to the runtime that opened them and stand still when that one does: make a client
//! for each runtime. A [`PageSource`] that needs no runtime runs on any executor: there is no timer then, so that a failed
//! attempt is not tried again, and there is no deadline.
//!
//! # Features
//!
//! | feature | what it does | default |
//! |---|---|---|
//! | `rustls` | TLS by rustls, with the platform's certificates | on |
//! | `native-tls` | TLS by the platform's own library | off |
//! | `tracing` | a span for each page; events for retries, restarts and lowered page sizes | off |
//! | `test-util` | `testing::FakeGroups`, for tests of your own code | off |
//!
//! Without `rustls` and `native-tls` only a base URL with http can be asked.

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod checkpoint;
mod client;
mod consistent;
mod cursor;
mod deadline;
mod error;
mod fetch;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod groups;
mod http;
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

pub use checkpoint::Checkpoint;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL, PARTNER_BASE_URL};
pub use cursor::{Cursor, Direction, Position};
pub use error::{Error, Result};
pub use fetch::RetryPolicy;
pub use groups::GroupStream;
pub use http::{HttpFetch, HttpSource};
pub use list::ListGroups;
pub use page::{Cursors, Group, Page};
pub use pages::{PageStream, Progress};
pub use snapshot::{Change, Snapshot};
pub use source::{PageRequest, PageSource};
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
