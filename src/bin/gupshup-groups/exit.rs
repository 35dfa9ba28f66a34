//! How a run ends: exit code and message.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// The exit codes. [`Self::ALL`] documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Changed = 1,
    Usage = 2,
    NoCredentials = 3,
    Refused = 4,
    Failed = 5,
    File = 6,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    pub(crate) const ALL: [(Self, &str); 9] = [
        (Self::Done, "done; or the reader of the output closed the pipe; or watch was stopped by a signal"),
        (Self::Changed, "diff --check: something has changed"),
        (Self::Usage, "wrong options"),
        (Self::NoCredentials, "no API key or no app was given"),
        (Self::Refused, "the API refused the key, the app or the request: correct it"),
        (Self::Failed, "a listing or an --on-change command failed; it may succeed later"),
        (Self::File, "a file or the output could not be read or written, or another run uses the file"),
        (Self::Interrupted, "stopped by Ctrl-C (SIGINT)"),
        (Self::Terminated, "stopped by SIGTERM"),
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// May be empty.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, error: &dyn fmt::Display) -> Self {
        Self::new(Exit::File, format!("{}: {error}", path.display()))
    }

    /// Standard output could not be written. A reader that closed the pipe has read enough: that is not a failure.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Done, ""),
            _ => Self::new(Exit::File, format!("the output could not be written: {error}")),
        }
    }

    /// Adds a consequence of the failure.
    pub(crate) fn and(mut self, consequence: &str) -> Self {
        if self.message.is_empty() {
            consequence.clone_into(&mut self.message);
        } else {
            self.message = format!("{}; {consequence}", self.message);
        }
        self
    }
}

/// Where JSON is wrong. The error's own text quotes values, and a file given by mistake may hold a key.
pub(crate) fn in_json(error: &serde_json::Error) -> String {
    format!("at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_not_a_failure_and_writes_no_message() {
        let failure = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!((failure.exit, &*failure.message), (Exit::Done, ""));
    }

    #[test]
    fn a_full_disk_is_a_failure_that_names_its_consequence() {
        let failure = Failure::output(&io::ErrorKind::StorageFull.into()).and("the state was not replaced");
        assert_eq!(failure.exit, Exit::File);
        assert_eq!(failure.message, "the output could not be written: no storage space; the state was not replaced");
    }

    #[test]
    fn every_exit_code_is_documented_once() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130, 143]);
    }
}
