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

#[test]
fn names_the_app_the_page_the_effort_the_reason_and_what_to_do() {
    let error = refused(503, "Service Unavailable")
        .with_app_id(Some("7f3c"))
        .with_page(3)
        .with_effort(3, Duration::from_millis(4_120));
    assert_eq!(
        error.to_string(),
        "app 7f3c: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable; retry later"
    );
    assert_eq!(
        format!("{error:#}"),
        "app 7f3c: page 3 failed after 3 attempts in 4.1 s: 503 Service Unavailable",
        "the alternate form leaves the advice to the caller"
    );
    assert_eq!((error.app_id(), error.attempts(), error.elapsed().as_millis()), (Some("7f3c"), 3, 4_120));
}

#[test]
fn the_alternate_form_is_the_text_without_advice_and_names_no_setting() {
    for error in [
        Error::plain_http(),
        Error::too_large(17),
        Error::inconsistent("3 groups added"),
        Error::timeout(Limit::Connect),
        Error::timeout(Limit::Idle),
        Error::timeout(Limit::Attempt),
        Error::timeout(Limit::Page),
    ] {
        let (text, alternate) = (error.to_string(), format!("{error:#}"));
        assert!(text.starts_with(&format!("{alternate}; ")) && !alternate.contains(['`', ';']), "{text}");
    }
}

#[test]
fn the_app_is_named_once_and_in_errors_of_the_input_too() {
    let error = Error::config("a participant is empty").with_app_id(Some("a")).with_app_id(Some("b")).with_app_id(None);
    assert_eq!(error.to_string(), "app a: a participant is empty");
    assert_eq!(error.attempts(), 0);
}

#[test]
fn an_app_id_is_escaped_for_a_terminal() {
    let text = refused(500, "").with_app_id(Some("a\u{202e}b")).to_string();
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
    assert_eq!(
        error.to_string(),
        "the request failed: 401 Invalid cursors values (code 2642); pass a cursor of a recent page, or list from the start"
    );
}
