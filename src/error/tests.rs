use super::*;

fn refused(status: u16, message: &str) -> Error {
    Error::api(status, None, message)
}

#[test]
fn is_one_word_wide_and_crosses_threads() {
    fn crosses_threads<T: Send + Sync + 'static>() {}
    crosses_threads::<Error>();
    assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
}

fn app(id: &str) -> Arc<str> {
    id.into()
}

#[test]
fn names_the_app_the_page_the_attempts_and_the_reason_in_one_sentence() {
    let error = refused(503, "Service Unavailable")
        .with_app_id(Some(app("7f3c")))
        .with_page(3)
        .with_attempts(3, Duration::from_millis(4_120));
    assert_eq!(error.to_string(), "app 7f3c: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable");
    assert_eq!(error.advice(), "retry later");
    assert_eq!((error.app_id(), error.attempts(), error.elapsed().as_millis()), (Some("7f3c"), 3, 4_120));
}

#[test]
fn main_prints_the_sentence_the_advice_and_the_causes() {
    let io = std::io::Error::other("connection reset by peer");
    let error = Error::transport(io).with_app_id(Some(app("7f3c"))).with_page(1);
    assert_eq!(
        format!("Error: {error:?}"),
        "Error: app 7f3c: page 1 failed: the connection broke\n\nWhat to do: retry later\nCaused by: connection reset by peer"
    );
}

#[test]
fn a_clone_is_the_same_error() {
    let error = Error::transport("reset").with_page(2).with_retry_after(Duration::from_secs(7));
    let clone = error.clone();
    assert_eq!(format!("{error:?}"), format!("{clone:?}"));
    assert_eq!((clone.kind(), clone.retry_after()), (error.kind(), error.retry_after()));
}

#[test]
fn no_sentence_names_a_setting() {
    for error in [
        Error::plain_http(),
        Error::too_large(17),
        Error::inconsistent("3 groups added".to_owned()),
        Error::out_of_time(TimeLimit::Connect),
        Error::out_of_time(TimeLimit::Attempt),
    ] {
        assert!(!error.to_string().contains(['`', ';']) && !error.advice().is_empty(), "{error:?}");
    }
}

#[test]
fn an_error_of_the_input_made_no_attempt() {
    let error = Error::config("a participant is empty").with_app_id(Some(app("a")));
    assert_eq!((error.to_string().as_str(), error.attempts()), ("app a: a participant is empty", 0));
}

#[test]
fn an_app_id_is_escaped_for_a_terminal() {
    let text = refused(500, "").with_app_id(Some(app("a\u{202e}b"))).to_string();
    assert!(text.starts_with("app a\\u{202e}b: "), "{text}");
}

#[test]
fn the_message_of_a_callers_own_api_error_becomes_one_short_line_without_tokens() {
    let error = refused(400, &format!("a\n\u{1b}[31m access_token=EAAG {}", "long ".repeat(1_000)));
    let message = error.api_message().unwrap();
    assert!(message.starts_with("a \\u{1b}[31m access_token=*** long long"), "{message}");
    assert!(message.len() < 2_100 && error.to_string().lines().count() == 1, "{message}");
}

#[test]
fn a_refused_cursor_of_the_caller_keeps_the_apis_message_and_has_one_kind() {
    let error = Error::cursor_invalid(Error::api(401, Some(2642), "Invalid cursors values"));
    assert_eq!(
        (error.status(), error.api_code(), error.api_message()),
        (Some(401), Some(2642), Some("Invalid cursors values"))
    );
    assert!(error.is_cursor_invalid() && error.is_api());
    assert!(!error.is_cursor_expired() && !error.is_auth() && !error.is_invalid_cursors() && !error.is_retryable());
    assert_eq!(error.to_string(), "the request failed: 401 Invalid cursors values (code 2642)");
    assert_eq!(error.advice(), "pass a cursor of a recent page, or list from the start");
}

#[test]
fn a_refused_credential_that_asks_to_wait_is_a_rate_limit() {
    let error = refused(403, "").with_retry_after(Duration::from_secs(3));
    assert!(error.is_rate_limited() && !error.is_auth() && error.is_retryable());
    assert!(refused(403, "").with_retry_after(None).is_auth());
}

#[test]
fn each_kind_has_its_own_name_and_advice_of_one_line() {
    let all = [
        ErrorKind::Config,
        ErrorKind::Credential,
        ErrorKind::Connect,
        ErrorKind::Tls,
        ErrorKind::Timeout,
        ErrorKind::Transport,
        ErrorKind::Redirect,
        ErrorKind::Auth,
        ErrorKind::NotFound,
        ErrorKind::RateLimited,
        ErrorKind::Unavailable,
        ErrorKind::PageSize,
        ErrorKind::Api,
        ErrorKind::CursorExpired,
        ErrorKind::CursorInvalid,
        ErrorKind::CursorLoop,
        ErrorKind::Protocol,
        ErrorKind::Decode,
        ErrorKind::TooLarge,
        ErrorKind::Inconsistent,
        ErrorKind::MassRemoval,
        ErrorKind::Other,
    ];
    let names: std::collections::BTreeSet<_> = all.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.iter().all(|kind| !kind.advice(true).is_empty() && !kind.advice(false).contains('\n')));
}
