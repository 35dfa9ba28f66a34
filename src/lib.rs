//! Lists the active WhatsApp groups of a Gupshup app as an async stream: complete or an error, resumable, in both
//! directions.
//!
//! ```no_run
//! use futures::StreamExt;
//! use gupshup_groups::Client;
//!
//! # async fn list() -> gupshup_groups::Result<()> {
//! let client = Client::from_env()?; // GUPSHUP_API_KEY or GUPSHUP_TOKEN
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
//! A [`Client`] holds the credentials and the address, for any number of apps. A [`ListGroups`] is one listing: an app and
//! its settings. A [`GroupStream`] requests pages on demand and yields [`Group`]s. A list that may be incomplete ends with an
//! [`Error`], not with `None`. Stream and error hold a [`Checkpoint`], from which a listing resumes, also in another
//! process.
//!
//! # Contents
//!
//! - Client: [`Client`], [`ClientBuilder`], [`RetryPolicy`], [`Attempt`], [`Outcome`]
//! - Credentials: [`Credential`], [`CredentialProvider`], [`Credentials`]
//! - Listing options: [`ListGroups`], [`PageSize`], [`Cursor`]
//! - Streams: [`GroupStream`], [`PageStream`], [`TrackedStream`], [`Progress`], [`Direction`]
//! - Results: [`Group`], [`Page`], [`Cursors`], [`Checkpoint`], [`Error`], [`ErrorKind`]
//! - Whole lists: [`Snapshot`], [`Change`], [`RemovalLimit`], [`Update`], [`Updates`], [`Watch`]
//! - Transports and tests: [`AnySource`], [`PageSource`], [`PageRequest`], [`Position`], `testing::FakeGroups`
//! - [Recipes](_recipes): a web page, a program without async, server-sent events, compression, tests
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
//! | get the changes, also across restarts | [`update`](ListGroups::update) in a cron job, [`updates`](ListGroups::updates) in a service |
//! | list pages as the server sends them | [`pages`](ListGroups::pages), [`page`](ListGroups::page) |
//! | show a page with "next" and "previous" | [`page`](ListGroups::page): see the [recipe](_recipes#a-json-endpoint-with-next-and-previous) |
//! | list only the first groups | [`max_groups`](ListGroups::max_groups) |
//! | resume in another process | [`resume`](ListGroups::resume) from a [`checkpoint`](GroupStream::checkpoint) |
//! | resume the same stream after an error | [`GroupStream::resume`] |
//! | process groups concurrently and lose none in a crash | [`GroupStream::tracked`] |
//! | start at a cursor | [`after`](ListGroups::after), [`before`](ListGroups::before) (backward) |
//! | reverse | [`GroupStream::reverse`] |
//! | process a page while the next one is fetched | [`read_ahead`](ListGroups::read_ahead) |
//! | test your code with a fake | [`from_source`](ListGroups::from_source) with `testing::FakeGroups` |
//! | wrap the requests | [`map_source`](ListGroups::map_source) |
//! | list with tokens that expire, or with one for each app | [`Client::builder`] with a [`CredentialProvider`] |
//! | stay under a rate limit | [`rate_limit`](ClientBuilder::rate_limit) |
//! | measure every attempt | [`observer`](ClientBuilder::observer) |
//!
//! # Guarantees
//!
//! - **[Complete or an error](GroupStream#order-and-completeness).** The end of the list is
//!   [established](GroupStream#the-end-of-the-list), never guessed.
//! - **[Lazy](GroupStream#laziness).** No request is made before the first poll, and none ahead of demand by default.
//! - **[Exact checkpoints](Checkpoint).** Resuming neither skips nor repeats a group of an unchanged list.
//! - **[Errors keep the place](GroupStream#errors-and-recovery).** An error follows every group that arrived before it.
//! - **[Expired cursors](GroupStream#when-groups-change-meanwhile)** restart a listing of the whole list; no group is yielded
//!   twice.
//! - **[No endless loop](Error::is_cursor_loop).** A repeated cursor is an error, and so is the
//!   hundredth page in a row without a new group.
//! - **[Cancel-safe](GroupStream#cancel-safety).** Dropping `next()` loses nothing; dropping the stream ends its request.
//! - **[The credential stays at its origin](ClientBuilder::http).** No error, log or `Debug` shows it, or one it replaced.
//! - **[Credentials are renewed](CredentialProvider)** before they expire and after a 401; one call serves all who wait.
//! - **[Bounded](ClientBuilder).** A client limits time, memory and [attempts](RetryPolicy).
//!
//! # Credentials
//!
//! API keys ([`Client::new`]) stop working on 31 March 2027. After that:
//!
//! - For an account: a Customer App Token, which lives 24 hours, from a [`CredentialProvider`]. Gupshup does not document its
//!   header: try [`Credential::bearer`], then [`Credential::api_key`].
//! - For a partner: a Universal Token (60 days, all apps) with [`Client::bearer`], or a Universal App Token for each app (1 to
//!   24 hours) from a provider, as in `examples/tokens.rs`.
//!
//! (Gupshup's "Customer App Token (CAT) — Product Guide" and "Universal Token", read in November 2026; not tested against the
//! live API.)
//!
//! # Runtime
//!
//! A [`Client`] needs a tokio runtime with I/O and timers, such as that of `#[tokio::main]`; its streams
//! [panic](GroupStream#panics) elsewhere. Make one client for each runtime, since connections belong to the runtime that opened
//! them. Other [`PageSource`]s run on any executor, as long as nothing waits. wasm32 is not supported.
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

mod checkpoint;
mod client;
mod credential;
mod cursor;
mod error;
mod fetch;
mod http;
#[cfg(feature = "_internals")]
#[doc(hidden)]
pub mod internals;
mod list;
mod page;
mod snapshot;
mod source;
mod stream;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod trace;
mod walk;
mod wire;

pub use checkpoint::Checkpoint;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL, PARTNER_BASE_URL};
pub use credential::{Credential, CredentialProvider, Credentials};
pub use cursor::{Cursor, Direction, Position};
pub use error::{Error, ErrorKind, Result};
pub use fetch::{Attempt, Outcome, RetryPolicy};
pub use list::ListGroups;
pub use page::{Cursors, Group, Page};
pub use snapshot::{Change, RemovalLimit, Snapshot, Update, Updates, Watch};
pub use source::{AnySource, PageRequest, PageSource};
pub use stream::{Ack, GroupStream, PageStream, Processed, Progress, Tracked, TrackedStream};
#[cfg(feature = "tracing")]
pub use trace::TRACING_TARGET;
pub use walk::PageSize;

/// The HTTP client that [`ClientBuilder::http`] configures, in the version that this crate uses.
pub use reqwest;

#[cfg(any(doc, doctest))]
#[doc = include_str!("recipes.md")]
pub mod _recipes {}

#[cfg(doctest)]
#[doc = include_str!("../DESIGN.md")]
struct Design;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
