//! What is wrong with a body, and where.

use std::fmt::Write as _;

use serde_path_to_error::{Path, Segment};

/// The keys that a path may show. Others are the server's text, of any length.
const KEYS: [&str; 12] = [
    "data",
    "groups",
    "id",
    "subject",
    "creation_timestamp",
    "created_at",
    "paging",
    "cursors",
    "after",
    "before",
    "next",
    "previous",
];

/// Quotes nothing of the body.
#[derive(Debug)]
pub(super) struct Fault {
    /// As `data[17].creation_timestamp: expected seconds since 1970, found a string at line 1 column 1234`.
    pub(super) text: String,
    /// Whether the body is valid, but ends early.
    pub(super) truncated: bool,
}

impl Fault {
    #[cold]
    pub(super) fn new(json: &[u8], path: &Path, error: &serde_json::Error) -> Self {
        let mut text = String::new();
        for segment in path {
            // Writing to a string cannot fail.
            _ = match segment {
                Segment::Map { key } if !KEYS.contains(&key.as_str()) => break,
                Segment::Map { key } if text.is_empty() => write!(text, "{key}"),
                Segment::Map { key } => write!(text, ".{key}"),
                Segment::Seq { index } => write!(text, "[{index}]"),
                _ => break,
            };
        }
        let separator = if text.is_empty() { "" } else { ": " };
        _ = write!(text, "{separator}{error}");
        Self { text, truncated: error.is_eof() || ends_in_a_number(json, error) }
    }
}

/// Whether a number that is cut is the error. serde_json does not call this the end of the body where the number is ignored.
fn ends_in_a_number(json: &[u8], error: &serde_json::Error) -> bool {
    let last_line = json.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    let lines = 1 + json.iter().filter(|byte| **byte == b'\n').count();
    matches!(json, [.., b'-' | b'+' | b'.' | b'e' | b'E']) && (error.line(), error.column()) == (lines, last_line)
}
