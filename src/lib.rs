//! Lists a Gupshup app's active WhatsApp groups as an async stream.
mod checkpoint;
mod cursor;
mod error;
mod page;
mod source;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;

pub use checkpoint::Checkpoint;
pub use cursor::{Cursor, Direction};
pub use error::{Error, Result};
pub use page::{Cursors, Group, Page, PageSize};
pub use source::{PageRequest, PageSource, Position};
