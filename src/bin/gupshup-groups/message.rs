//! The program's messages for errors of the library.
//!
//! The library's advice names its settings, so messages use the alternate form (`{error:#}`), which leaves it out.

use std::error::Error as StdError;
use std::path::Path;

use gupshup_groups::Error;

use crate::exit::{Exit, Failure};
use crate::output::one_line;

/// How an app is listed again after a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Retry<'a> {
    /// By the same command.
    Rerun,
    /// By the same command, but not if its cursor was refused.
    RerunWithCursor,
    /// By the same command. This file holds the place.
    Resume(&'a Path),
    /// By the program itself, at the next listing.
    Automatic,
}

/// The failure of one app's listing.
pub(crate) fn failed(app: &str, error: &Error, retry: Retry<'_>) -> Failure {
    let app = if error.app_id().is_some() { String::new() } else { format!("app {app}: ") };
    let cause = if error.is_connect() { cause(error) } else { String::new() };
    let advice = advice(error, retry);
    let advice = if advice.is_empty() { advice } else { format!("; {advice}") };
    // The text may contain a server's text.
    Failure::new(exit(error, retry), one_line(&format!("{app}{error:#}{cause}{advice}")))
}

/// The failure for invalid settings.
pub(crate) fn refused_settings(error: &Error) -> Failure {
    Failure::new(Exit::Usage, format!("{error:#}"))
}

/// The system's reason, for example that the name is unknown or the connection was refused.
fn cause(error: &Error) -> String {
    let mut last = error.source();
    while let Some(deeper) = last.and_then(StdError::source) {
        last = Some(deeper);
    }
    last.map_or_else(String::new, |cause| format!(" ({cause})"))
}

fn exit(error: &Error, retry: Retry<'_>) -> Exit {
    if error.is_config() {
        Exit::Usage
    } else if error.is_cursor_expired() && matches!(retry, Retry::Rerun | Retry::Automatic) {
        // The next listing begins at the start.
        Exit::Failed
    } else if error.is_auth() || error.is_not_found() || (error.is_api() && !error.is_retryable()) {
        Exit::Refused
    } else {
        Exit::Failed
    }
}

fn advice(error: &Error, retry: Retry<'_>) -> String {
    let repeat = match retry {
        Retry::Rerun | Retry::RerunWithCursor => Some("run again"),
        Retry::Resume(_) => Some("run again with the same --resume-file"),
        Retry::Automatic => None,
    };
    let then_repeat = repeat.map_or_else(String::new, |repeat| format!(", then {repeat}"));
    if error.is_auth() {
        "check the API key, and that its account owns the app".to_owned()
    } else if error.is_not_found() {
        "check the app's id (not its name), and --base-url if you set it".to_owned()
    } else if error.is_cursor_expired() || error.is_cursor_invalid() {
        match retry {
            Retry::Resume(path) => format!(
                "the list has changed, so the place in {} is no longer valid: delete it and list from the start",
                path.display()
            ),
            Retry::Automatic => String::new(),
            Retry::Rerun => "the list changes too often: run again later".to_owned(),
            Retry::RerunWithCursor if error.is_cursor_invalid() => {
                "the cursor belongs to another list, or the list has changed: list from the start".to_owned()
            }
            Retry::RerunWithCursor => {
                "the list has changed, so the cursor is no longer valid: list from the start".to_owned()
            }
        }
    } else if error.is_rate_limited() {
        let wait = match (repeat, error.retry_after()) {
            (None, _) => String::new(),
            (Some(repeat), Some(wait)) => format!("wait {} s, then {repeat}; ", wait.as_secs_f64().ceil()),
            (Some(repeat), None) => format!("wait, then {repeat}; "),
        };
        format!("{wait}use --rate to stay under the limit")
    } else if error.is_tls() || error.is_redirect() {
        "check --base-url, the certificates of this machine and its clock".to_owned()
    } else if error.is_too_large() {
        "request smaller pages: --page-size 100".to_owned()
    } else if error.is_timeout() {
        format!("{}allow more time: --timeout", repeat.map_or_else(String::new, |repeat| format!("{repeat}, or ")))
    } else if error.is_connect() {
        format!("check the network and --base-url{then_repeat}")
    } else if error.is_config() {
        "correct the options".to_owned()
    } else if error.is_api() && !error.is_retryable() {
        "correct what the API refuses".to_owned()
    } else {
        repeat.map_or_else(String::new, |repeat| format!("{repeat} later"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn message(error: &Error, resume_file: Option<&str>) -> (Exit, String) {
        let failure = failed("a", error, resume_file.map_or(Retry::Rerun, |path| Retry::Resume(Path::new(path))));
        (failure.exit, failure.message)
    }

    fn while_running(error: &Error) -> String {
        failed("a", error, Retry::Automatic).message
    }

    #[test]
    fn a_transient_failure_advises_to_run_again_and_names_the_option() {
        let error = Error::api(503, None, "Service Unavailable");
        let (exit, text) = message(&error, None);
        assert_eq!(exit, Exit::Failed);
        assert!(text.starts_with("app a: ") && text.ends_with("503 Service Unavailable; run again later"), "{text}");
        let (_, text) = message(&error, Some("place"));
        assert!(text.ends_with("; run again with the same --resume-file later"), "{text}");
    }

    #[test]
    fn a_rate_limit_says_how_long_to_wait() {
        let error = Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_millis(6_200));
        let (exit, text) = message(&error, None);
        assert_eq!(exit, Exit::Failed);
        assert!(text.contains("; wait 7 s, then run again; use --rate to stay under the limit"), "{text}");
    }

    #[test]
    fn a_place_that_has_expired_says_which_file_to_delete() {
        let (exit, text) = message(&Error::api(400, Some(131_059), "Invalid cursor"), Some("groups.place"));
        assert_eq!(exit, Exit::Refused);
        assert!(
            text.ends_with("the place in groups.place is no longer valid: delete it and list from the start"),
            "{text}"
        );
    }

    #[test]
    fn no_message_uses_terms_of_the_library() {
        for (status, code) in
            [(400, None), (400, Some(2642)), (401, None), (404, None), (413, None), (429, None), (500, None)]
        {
            for file in [None, Some("place")] {
                let (_, text) = message(&Error::api(status, code, "no"), file);
                assert!(!text.contains("checkpoint") && !text.contains('`'), "{text}");
            }
        }
        let error = gupshup_groups::Client::builder("key").base_url("http://host.example").build().unwrap_err();
        let text = refused_settings(&error).message;
        assert_eq!(text, "the base URL is plain http, which sends the API key unencrypted: use https");
    }

    #[test]
    fn the_running_program_does_not_advise_to_run_it_again() {
        let busy = Error::api(429, None, "Too Many Requests").with_retry_after(Duration::from_secs(6));
        for error in [&busy, &Error::api(503, None, "Busy"), &Error::transport("reset"), &Error::other("lost")] {
            assert!(!while_running(error).contains("run again"), "{}", while_running(error));
        }
        assert!(while_running(&busy).ends_with("; use --rate to stay under the limit"), "{}", while_running(&busy));
        assert!(while_running(&Error::api(503, None, "Busy")).ends_with("503 Busy"));
    }
}
