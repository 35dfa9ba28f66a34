//! How a run ends: the exit codes, and why a run failed.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// The exit codes. [`Self::ALL`] documents them, for the help, the manual and the tests.
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
    Locked = 7,
    MassRemoval = 8,
    Unreported = 9,
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    pub(crate) const ALL: [(Self, &str); 13] = [
        (Self::Done, "done; also if the reader of a list closed the pipe, or a signal stopped watch"),
        (Self::Changed, "diff --check: something has changed, and everything is reported"),
        (Self::Usage, "wrong options: correct them"),
        (Self::NoCredentials, "no app, or no key or token that could be used: set it, or correct --token-command"),
        (Self::Refused, "the API refused the key, the token, the app or the request, or moved: correct it"),
        (Self::Failed, "a listing failed; it may succeed later"),
        (Self::File, "a file or the output could not be read or written"),
        (Self::Locked, "another run uses the state or the partial file: run again when it has ended"),
        (Self::MassRemoval, "a list lacks more groups than --max-removed allows: the state is as before"),
        (Self::Unreported, "changes are left unreported (closed pipe, failed command): the next run reports them"),
        (Self::HungUp, "stopped by SIGHUP"),
        (Self::Interrupted, "stopped by Ctrl-C (SIGINT)"),
        (Self::Terminated, "stopped by SIGTERM"),
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The `kind` of an error that is not the library's.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Done | Self::Changed => "none",
            Self::Usage => "usage",
            Self::NoCredentials => "credential",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::File => "file",
            Self::Locked => "locked",
            Self::MassRemoval => "mass_removal",
            Self::Unreported => "unreported",
            Self::HungUp | Self::Interrupted | Self::Terminated => "signal",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a run, or one of its listings, failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened and why. Empty: nothing is to be said.
    pub(crate) message: String,
    /// What to do. May be empty.
    pub(crate) advice: String,
    /// What the API or the library says of a failed listing.
    pub(crate) listing: Option<Box<ListingFailure>>,
}

/// The details of a failed listing.
#[derive(Debug)]
pub(crate) struct ListingFailure {
    pub(crate) kind: &'static str,
    pub(crate) app_id: String,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<i64>,
    pub(crate) trace_id: Option<String>,
    /// How long the server asks to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { exit, message: message.into(), advice: advice.into(), listing: None }
    }

    pub(crate) fn usage(message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, advice)
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, problem: impl fmt::Display, advice: impl Into<String>) -> Self {
        Self::new(Exit::File, format!("{}: {problem}", path.display()), advice)
    }

    /// The system's error for a file, in words that name what is missing.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match (error.kind(), parent) {
            (io::ErrorKind::NotFound, Some(parent)) if !parent.exists() => {
                Self::file(path, format_args!("the directory {} does not exist", parent.display()), "create it")
            }
            (io::ErrorKind::NotFound, _) => Self::file(path, "the file does not exist", ""),
            (io::ErrorKind::InvalidData, _) => Self::file(path, "the file is not text in UTF-8", "save it as UTF-8"),
            _ => Self::file(path, error, ""),
        }
    }

    /// Standard output could not be written. A reader that closed the pipe has read enough: that is not a failure.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Done, "", ""),
            _ => Self::new(Exit::File, format!("the output could not be written: {error}"), ""),
        }
    }

    /// The same, where changes were to be reported.
    pub(crate) fn report(error: &io::Error) -> Self {
        let problem = match error.kind() {
            io::ErrorKind::BrokenPipe => "the reader closed the output before all changes were written".to_owned(),
            _ => format!("the output could not be written: {error}"),
        };
        let exit = if error.kind() == io::ErrorKind::BrokenPipe { Exit::Unreported } else { Exit::File };
        Self::new(exit, format!("{problem}; the next run reports the rest"), "")
    }
}

/// What happened, and what to do.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.advice.is_empty() { Ok(()) } else { write!(f, "; {}", self.advice) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_closes_the_pipe_of_a_list_is_not_a_failure() {
        let failure = Failure::output(&io::ErrorKind::BrokenPipe.into());
        assert_eq!((failure.exit, &*failure.to_string()), (Exit::Done, ""));
    }

    #[test]
    fn a_reader_that_closes_the_pipe_of_a_report_leaves_changes_unreported() {
        assert_eq!(Failure::report(&io::ErrorKind::BrokenPipe.into()).exit, Exit::Unreported);
        assert_eq!(Failure::report(&io::ErrorKind::StorageFull.into()).exit, Exit::File);
    }

    #[test]
    fn every_exit_code_is_documented_once() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 129, 130, 143]);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let failure = Failure::io(Path::new("/nodir/x"), &io::ErrorKind::NotFound.into());
        assert_eq!(failure.to_string(), "/nodir/x: the directory /nodir does not exist; create it");
    }
}
