//! The texts of an error: one sentence, the advice, the causes.

use std::error::Error as StdError;
use std::fmt;

use super::span::span;
use super::{Error, ErrorKind, mask};

/// Room for the longest app id, 256 bytes, with every byte escaped.
const MAX_APP_ID_BYTES: usize = 2 * 1024;

/// One sentence: which app and page failed, after how many attempts, and why.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &*self.0;
        if let Some(app_id) = &details.app_id {
            write!(f, "app {}: ", mask::tidy(app_id, MAX_APP_ID_BYTES))?;
        }
        if !matches!(details.kind, ErrorKind::Config | ErrorKind::Inconsistent | ErrorKind::MassRemoval) {
            match details.page {
                Some(number) => write!(f, "page {number} failed")?,
                None => f.write_str("the request failed")?,
            }
            if details.attempts > 1 {
                write!(f, " after {} attempts in {}", details.attempts, span(details.elapsed))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&details.reason)?;
        if let Some(wait) = details.retry_after {
            let who = if details.kind == ErrorKind::Credential { "next call in" } else { "the server asks to wait" };
            write!(f, " ({who} {})", span(wait))?;
        }
        match &details.trace_id {
            Some(trace_id) => write!(f, " (trace id {trace_id})"),
            None => Ok(()),
        }
    }
}

/// The sentence, the advice and the causes, as a program prints them that returns the error from `main`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n\nWhat to do: {}", self.advice())?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\nCaused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
