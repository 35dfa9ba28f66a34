//! What is wrong with a body, and where.

use std::fmt;

/// Quotes nothing of the body. One word wide, because every reading function returns it.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    what: What,
    at: usize,
    /// Innermost first.
    path: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Key(&'static str),
    Index(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    End,
    Syntax(&'static str),
    /// A value of another kind, or out of range.
    Found {
        expected: &'static str,
        found: &'static str,
    },
    Missing(&'static str),
    Twice(&'static str),
    /// A string is not UTF-8, or has an unpaired surrogate.
    Unicode,
    TooDeep,
}

impl Fault {
    #[cold]
    pub(super) fn new(at: usize, what: What) -> Self {
        Self(Box::new(Inner { what, at, path: Vec::new() }))
    }

    #[cold]
    pub(super) fn under(mut self, key: &'static str) -> Self {
        self.0.path.push(Step::Key(key));
        self
    }

    #[cold]
    pub(super) fn within(mut self, index: usize) -> Self {
        self.0.path.push(Step::Index(index));
        self
    }

    /// Whether the body is valid, but truncated.
    pub(super) fn is_end(&self) -> bool {
        self.0.what == What::End
    }
}

/// As `data[17].creation_timestamp: expected seconds since 1970, found a string, at byte 1234`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { what, at, path } = &*self.0;
        for (depth, step) in path.iter().rev().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !path.is_empty() {
            f.write_str(": ")?;
        }
        match what {
            What::End => f.write_str("the body ends early")?,
            What::Syntax(expected) => write!(f, "malformed JSON, expected {expected}")?,
            What::Found { expected, found } => write!(f, "expected {expected}, found {found}")?,
            What::Missing(key) => write!(f, "missing field `{key}`")?,
            What::Twice(key) => write!(f, "duplicate field `{key}`")?,
            What::Unicode => f.write_str("invalid Unicode")?,
            What::TooDeep => f.write_str("nested too deep")?,
        }
        write!(f, ", at byte {at}")
    }
}
