//! The streams of a listing: groups, pages, and groups with acknowledgements.

mod groups;
mod ledger;
mod listing;
mod pages;
mod progress;
mod tracked;

pub use groups::GroupStream;
pub(crate) use listing::Plan;
pub use pages::PageStream;
pub use progress::Progress;
pub use tracked::{Ack, Processed, Tracked, TrackedStream};
