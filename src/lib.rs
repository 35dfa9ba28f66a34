//! Lists a Gupshup app's active WhatsApp groups as an async stream.
mod checkpoint;
mod client;
mod cursor;
mod error;
mod http;
mod page;
mod source;

pub use checkpoint::Checkpoint;
pub use client::{Client, ClientBuilder, DEFAULT_BASE_URL};
pub use cursor::{Cursor, Direction};
pub use error::{Error, Result};
pub use http::{HttpFetch, HttpSource};
pub use page::{Cursors, Group, Page, PageSize};
pub use source::{PageRequest, PageSource, Position};
