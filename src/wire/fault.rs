//! What is wrong with a body, and where.

use std::cell::RefCell;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess};

/// The path to a fault, innermost first. It is written while an error is returned, so that it costs nothing otherwise.
#[derive(Default)]
pub(super) struct Trail(RefCell<Vec<Step>>);

enum Step {
    Key(&'static str),
    Index(usize),
}

impl Trail {
    /// Reads the value of a key that must not repeat.
    #[inline]
    pub(super) fn value<'de, A: MapAccess<'de>, S: DeserializeSeed<'de>>(
        &self,
        slot: &mut Option<S::Value>,
        key: &'static str,
        object: &mut A,
        seed: S,
    ) -> Result<(), A::Error> {
        if slot.is_some() {
            return Err(A::Error::duplicate_field(key));
        }
        *slot = Some(object.next_value_seed(seed).map_err(|error| self.after(Step::Key(key), error))?);
        Ok(())
    }

    /// Reads the element with this index.
    #[inline]
    pub(super) fn element<'de, A: SeqAccess<'de>, S: DeserializeSeed<'de>>(
        &self,
        index: usize,
        array: &mut A,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        array.next_element_seed(seed).map_err(|error| self.after(Step::Index(index), error))
    }

    #[cold]
    fn after<E>(&self, step: Step, error: E) -> E {
        self.0.borrow_mut().push(step);
        error
    }

    pub(super) fn fault(self, json: &[u8], error: &serde_json::Error) -> Fault {
        let mut text = String::new();
        for step in self.0.into_inner().into_iter().rev() {
            // Writing to a string cannot fail.
            _ = match step {
                Step::Key(key) if text.is_empty() => write!(text, "{key}"),
                Step::Key(key) => write!(text, ".{key}"),
                Step::Index(index) => write!(text, "[{index}]"),
            };
        }
        let separator = if text.is_empty() { "" } else { ": " };
        _ = write!(text, "{separator}{error}");
        Fault { text, truncated: error.is_eof() || ends_in_a_number(json, error) }
    }
}

/// Quotes nothing of the body.
#[derive(Debug)]
pub(super) struct Fault {
    /// As `data[17].creation_timestamp: expected seconds since 1970, found a string at line 1 column 1234`.
    pub(super) text: String,
    /// Whether the body is valid, but ends early.
    pub(super) truncated: bool,
}

/// Whether the body ends within a number, as `1.`. Where the number is ignored, `serde_json` calls it invalid.
fn ends_in_a_number(json: &[u8], error: &serde_json::Error) -> bool {
    let end = json.split(|byte| *byte == b'\n').map(<[u8]>::len).zip(1..).last();
    matches!(json, [.., b'-' | b'+' | b'.' | b'e' | b'E'])
        && end == Some((error.column(), error.line()))
        && error.to_string().starts_with("invalid number")
}
