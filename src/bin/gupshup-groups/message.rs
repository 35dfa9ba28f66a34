//! The program's messages for errors of the library.

use std::path::Path;

use gupshup_groups::Error;

use crate::exit::{Exit, Failure};
use crate::output::one_line;

/// The failure of one app's listing. `resume_file` holds its place.
pub(crate) fn failed(app: &str, error: &Error, resume_file: Option<&Path>) -> Failure {
    // The library's own advice is for programmers; the alternate form leaves it out.
    let what = format!("{error:#}");
    let app = if error.app_id().is_some() { String::new() } else { format!("app {app}: ") };
    // The text may contain a server's text.
    Failure::new(exit(error), one_line(&format!("{app}{what}; {}", advice(error, resume_file))))
}

fn exit(error: &Error) -> Exit {
    if error.is_config() {
        Exit::Usage
    } else if error.is_auth() || error.is_not_found() || (error.is_api() && !error.is_retryable()) {
        Exit::Refused
    } else {
        Exit::Failed
    }
}

fn advice(error: &Error, resume_file: Option<&Path>) -> String {
    let again = match resume_file {
        Some(_) => "run again with the same --resume-file",
        None => "run again",
    };
    if error.is_auth() {
        "check the API key, and that its account owns the app".to_owned()
    } else if error.is_not_found() {
        "check the app's id (not its name), and --base-url if you set it".to_owned()
    } else if error.is_cursor_expired() || error.is_cursor_invalid() {
        match resume_file {
            Some(path) => format!(
                "the list has changed, so the place in {} is no longer valid: delete it and list from the start",
                path.display()
            ),
            None => "the list has changed, so the cursor is no longer valid: list from the start".to_owned(),
        }
    } else if error.is_rate_limited() {
        match error.retry_after() {
            Some(wait) => {
                format!("wait {} s, then {again}; use --rate to stay under the limit", wait.as_secs_f64().ceil())
            }
            None => format!("wait, then {again}; use --rate to stay under the limit"),
        }
    } else if error.is_tls() || error.is_redirect() {
        "check --base-url, the certificates of this machine and its clock".to_owned()
    } else if error.is_too_large() {
        "request smaller pages: --page-size 100".to_owned()
    } else if error.is_timeout() {
        format!("{again}, or allow more time: --timeout")
    } else if error.is_connect() {
        format!("check the network and --base-url, then {again}")
    } else if error.is_config() {
        "correct the options".to_owned()
    } else if error.is_api() && !error.is_retryable() {
        "correct what the API refuses".to_owned()
    } else {
        format!("{again} later")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn message(error: &Error, resume_file: Option<&str>) -> (Exit, String) {
        let failure = failed("a", error, resume_file.map(Path::new));
        (failure.exit, failure.message)
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
    fn no_message_uses_the_words_of_the_library() {
        for (status, code) in
            [(400, None), (400, Some(2642)), (401, None), (404, None), (413, None), (429, None), (500, None)]
        {
            for file in [None, Some("place")] {
                let (_, text) = message(&Error::api(status, code, "no"), file);
                assert!(!text.contains("checkpoint") && !text.contains('`'), "{text}");
            }
        }
    }
}
