//! The library's errors in the words of the program: its options in place of the library's settings.

use std::error::Error as StdError;

use gupshup_groups::{Error, ErrorKind};

use crate::exit::{Exit, Failure, ListingFailure};
use crate::output::one_line;

/// How an app is listed again after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// By the same command.
    Rerun,
    /// By the same command, but not if its cursor was refused.
    RerunWithCursor,
    /// By the same command with `--resume`: the place is saved.
    Resume,
    /// By the program itself, at the next listing.
    Automatic,
}

/// The failure of one app's listing.
pub(crate) fn failed(app: &str, error: &Error, retry: Retry) -> Failure {
    let prefix = if error.app_id().is_some() { String::new() } else { format!("app {app}: ") };
    Failure {
        exit: exit(error.kind(), retry),
        message: format!("{prefix}{}", described(error)),
        advice: advice(error, retry),
        listing: Some(Box::new(ListingFailure {
            kind: error.kind().as_str(),
            app_id: app.to_owned(),
            status: error.status(),
            code: error.api_code(),
            trace_id: error.trace_id().map(one_line),
            retry_after: error.retry_after(),
        })),
    }
}

/// What happened, in one line: the texts may be a server's.
pub(crate) fn described(error: &Error) -> String {
    let cause = match error.kind() {
        ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Credential => cause(error),
        _ => String::new(),
    };
    one_line(&format!("{error}{cause}"))
}

/// The failure for invalid settings.
pub(crate) fn refused_settings(error: &Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::Config if error.to_string().contains(": ") => String::new(),
        _ => "correct the options".to_owned(),
    };
    Failure::usage(error.to_string(), advice)
}

/// The system's reason, for example that the name is unknown or the connection was refused.
fn cause(error: &Error) -> String {
    let mut last = error.source();
    while let Some(deeper) = last.and_then(StdError::source) {
        last = Some(deeper);
    }
    last.map_or_else(String::new, |cause| format!(" ({cause})"))
}

fn exit(kind: ErrorKind, retry: Retry) -> Exit {
    match kind {
        ErrorKind::Config => Exit::Usage,
        ErrorKind::Credential => Exit::NoCredentials,
        ErrorKind::MassRemoval => Exit::MassRemoval,
        // The next listing begins at the start.
        ErrorKind::CursorExpired if matches!(retry, Retry::Rerun | Retry::Automatic) => Exit::Failed,
        ErrorKind::Auth
        | ErrorKind::NotFound
        | ErrorKind::Api
        | ErrorKind::PageSize
        | ErrorKind::Redirect
        | ErrorKind::CursorExpired
        | ErrorKind::CursorInvalid => Exit::Refused,
        _ => Exit::Failed,
    }
}

fn advice(error: &Error, retry: Retry) -> String {
    const REPORT: &str = "check --base-url (GUPSHUP_API_URL); if it is right, report this";
    let repeat = match retry {
        Retry::Rerun | Retry::RerunWithCursor => "run again",
        Retry::Resume => "run again with --resume",
        Retry::Automatic => "",
    };
    let then = |what: &str| if repeat.is_empty() { what.to_owned() } else { format!("{what}, then {repeat}") };
    let later = || if repeat.is_empty() { String::new() } else { format!("{repeat} later") };
    match error.kind() {
        ErrorKind::Config => "correct the options".to_owned(),
        ErrorKind::Credential => "correct what the message names".to_owned(),
        ErrorKind::Auth => "check the key or token, and that its account owns the app".to_owned(),
        ErrorKind::NotFound => {
            "check the app's id (not its name), and --base-url: some of Gupshup's addresses end with /wa, others do not"
                .to_owned()
        }
        ErrorKind::Connect => then("check the network and --base-url"),
        ErrorKind::Tls => "check --base-url, the certificates of this machine and its clock".to_owned(),
        ErrorKind::Redirect => "set --base-url to the final address".to_owned(),
        ErrorKind::Timeout if repeat.is_empty() => "allow more time: --timeout".to_owned(),
        ErrorKind::Timeout => format!("{repeat}, or allow more time: --timeout"),
        ErrorKind::RateLimited => {
            let wait = match error.retry_after() {
                _ if repeat.is_empty() => String::new(),
                // The message says how long.
                Some(_) => format!("{repeat} after that time; "),
                None => format!("wait, then {repeat}; "),
            };
            format!("{wait}use --rate to stay under the limit")
        }
        ErrorKind::PageSize | ErrorKind::TooLarge => "request smaller pages: --page-size 100".to_owned(),
        ErrorKind::Api => "correct what the API refuses".to_owned(),
        ErrorKind::CursorExpired | ErrorKind::CursorInvalid => cursor_advice(error.kind(), retry).to_owned(),
        ErrorKind::CursorLoop | ErrorKind::Protocol => format!("the list may be incomplete: {REPORT}"),
        ErrorKind::Decode => format!("the answer is not a list of groups: {REPORT}"),
        ErrorKind::MassRemoval => {
            "the state is as before; if the groups are really gone, run once with a higher --max-removed".to_owned()
        }
        _ => later(),
    }
}

fn cursor_advice(kind: ErrorKind, retry: Retry) -> &'static str {
    match (retry, kind) {
        (Retry::Resume, _) => "the list has changed, so the saved place is no longer valid: run again without --resume",
        (Retry::Automatic, _) => "",
        (Retry::Rerun, _) => "the list changes too often: run again later",
        (Retry::RerunWithCursor, ErrorKind::CursorInvalid) => {
            "the cursor belongs to another list, or the list has changed: list from the start"
        }
        (Retry::RerunWithCursor, _) => "the list has changed, so the cursor is no longer valid: list from the start",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn failure(error: &Error, retry: Retry) -> (Exit, String) {
        let failure = failed("a", error, retry);
        (failure.exit, failure.to_string())
    }

    #[test]
    fn a_transient_failure_advises_to_run_again_and_names_the_option() {
        let error = Error::api(503, None, "Service Unavailable");
        let (exit, text) = failure(&error, Retry::Rerun);
        assert_eq!(exit, Exit::Failed);
        assert!(text.starts_with("app a: ") && text.ends_with("503 Service Unavailable; run again later"), "{text}");
        let (_, text) = failure(&error, Retry::Resume);
        assert!(text.ends_with("; run again with --resume later"), "{text}");
    }

    #[test]
    fn a_rate_limit_says_how_long_to_wait() {
        let error = Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_millis(6_200));
        let (exit, text) = failure(&error, Retry::Rerun);
        assert_eq!(exit, Exit::Failed);
        assert!(
            text.ends_with(
                "(the server asks to wait 6.2 s); run again after that time; use --rate to stay under the limit"
            ),
            "{text}"
        );
    }

    #[test]
    fn a_place_that_has_expired_says_to_start_again() {
        let (exit, text) = failure(&Error::api(400, Some(131_059), "Invalid cursor"), Retry::Resume);
        assert_eq!(exit, Exit::Refused);
        assert!(text.ends_with("the saved place is no longer valid: run again without --resume"), "{text}");
    }

    #[test]
    fn an_answer_that_is_no_list_is_not_advised_to_be_repeated() {
        let (exit, text) = failure(&Error::decode("malformed JSON"), Retry::Rerun);
        assert_eq!(exit, Exit::Failed);
        assert!(text.ends_with("check --base-url (GUPSHUP_API_URL); if it is right, report this"), "{text}");
        assert!(!text.contains("run again"), "{text}");
    }

    #[test]
    fn no_message_uses_terms_of_the_library() {
        for (status, code) in
            [(400, None), (400, Some(2642)), (401, None), (404, None), (413, None), (429, None), (500, None)]
        {
            for retry in [Retry::Rerun, Retry::Resume, Retry::Automatic] {
                let (_, text) = failure(&Error::api(status, code, "no"), retry);
                assert!(!text.contains("checkpoint") && !text.contains('`'), "{text}");
            }
        }
    }

    #[test]
    fn the_running_program_does_not_advise_to_run_it_again() {
        let busy = Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_secs(6));
        for error in [&busy, &Error::api(503, None, "Busy"), &Error::transport("reset"), &Error::other("lost")] {
            let (_, text) = failure(error, Retry::Automatic);
            assert!(!text.contains("run again"), "{text}");
        }
    }
}
