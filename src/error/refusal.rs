//! An error of the API: the meaning of its status and code.

use hyper::StatusCode;

use super::ErrorKind;

/// Codes for "too many requests", of Meta's lists of error codes; 80000 to 80014 are the limits of business use cases.
const RATE_LIMIT_CODES: [i64; 7] = [4, 17, 32, 341, 613, 130_429, 131_208];
/// Codes for temporary failures (Meta: "API Unknown", "API Service").
const TEMPORARY_CODES: [i64; 2] = [1, 2];
/// "Invalid cursor … expired or corrupted".
const EXPIRED_CURSOR: i64 = 131_059;
/// "Invalid cursors values": expired, never valid, or past the end of the list.
pub(super) const INVALID_CURSORS: i64 = 2642;
/// "Access token has expired".
const TOKEN: i64 = 190;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 200 if only the body is an error.
    pub(crate) status: u16,
    pub(crate) code: Option<i64>,
    /// One line, of limited length, with secrets masked.
    pub(crate) message: Option<String>,
    /// The API called the failure temporary.
    pub(crate) transient: bool,
    /// The API's id of the request, for its support.
    pub(crate) trace_id: Option<String>,
}

impl Refusal {
    /// A code says more than a status: gateways and Meta send rate limits as 400 and 403.
    pub(super) fn kind(&self) -> ErrorKind {
        match (self.code, self.status) {
            (Some(EXPIRED_CURSOR | INVALID_CURSORS), _) => ErrorKind::CursorExpired,
            (Some(80_000..=80_014), _) | (_, 429) => ErrorKind::RateLimited,
            (Some(code), _) if RATE_LIMIT_CODES.contains(&code) => ErrorKind::RateLimited,
            (Some(TOKEN), _) => ErrorKind::Auth,
            (_, 413) => ErrorKind::PageSize,
            (_, 500) if self.asks_for_less() => ErrorKind::PageSize,
            (Some(code), _) if TEMPORARY_CODES.contains(&code) => ErrorKind::Unavailable,
            _ if self.transient => ErrorKind::Unavailable,
            (_, 401 | 403) => ErrorKind::Auth,
            (_, 404) => ErrorKind::NotFound,
            (_, 501 | 505) => ErrorKind::Api,
            // Gateways make up their own, such as 520 to 530.
            (_, 408 | 421 | 425 | 500..) => ErrorKind::Unavailable,
            _ => ErrorKind::Api,
        }
    }

    fn asks_for_less(&self) -> bool {
        self.message.as_deref().unwrap_or_default().to_ascii_lowercase().contains("reduce the amount of data")
    }

    /// The status, the message or the name of the status, and the code.
    pub(super) fn text(&self) -> String {
        let Self { status, code, .. } = self;
        let message = self.message.as_deref().unwrap_or_else(|| name(*status));
        // A gateway's page is often titled with its status.
        let message = message.strip_prefix(&status.to_string()).map_or(message, str::trim_start);
        match code {
            Some(code) => format!("{status} {message} (code {code})"),
            None => format!("{status} {message}"),
        }
    }
}

fn name(status: u16) -> &'static str {
    match StatusCode::from_u16(status) {
        Ok(StatusCode::OK) => "an error without a message",
        status => status.ok().and_then(|status| status.canonical_reason()).unwrap_or("without a message"),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn kind(status: u16, code: Option<i64>, message: &str) -> ErrorKind {
        Refusal { status, code, message: Some(message.to_owned()), ..Refusal::default() }.kind()
    }

    #[test]
    fn a_request_to_reduce_the_data_is_not_retried() {
        let less = kind(500, Some(1), "Please reduce the amount of data you're asking for, then retry");
        assert_eq!((less, less.is_retryable()), (ErrorKind::PageSize, false));
        assert_eq!(kind(500, Some(1), "An unknown error occurred"), ErrorKind::Unavailable);
        assert_eq!(kind(413, None, ""), ErrorKind::PageSize);
    }

    #[test]
    fn a_code_of_a_rate_limit_counts_with_any_status() {
        for code in [4, 17, 32, 341, 613, 80_000, 80_004, 80_007, 80_008, 80_014, 130_429, 131_208] {
            for status in [200, 400, 403, 500] {
                assert_eq!(kind(status, Some(code), ""), ErrorKind::RateLimited, "{status} {code}");
            }
        }
        assert_eq!(kind(400, Some(80_015), ""), ErrorKind::Api);
    }

    #[test]
    fn the_status_decides_where_no_code_does() {
        for (statuses, expected) in [
            (&[401, 403][..], ErrorKind::Auth),
            (&[404], ErrorKind::NotFound),
            (&[429], ErrorKind::RateLimited),
            (&[408, 421, 425, 500, 502, 503, 504, 507, 509, 520, 522, 524, 527, 529, 530, 599], ErrorKind::Unavailable),
            (&[200, 400, 402, 405, 409, 410, 418, 422, 451, 499, 501, 505], ErrorKind::Api),
        ] {
            for status in statuses {
                assert_eq!(kind(*status, None, ""), expected, "{status}");
            }
        }
    }

    #[test]
    fn a_failure_that_the_api_calls_temporary_is_not_a_refused_credential() {
        let transient = Refusal { status: 403, transient: true, ..Refusal::default() };
        assert_eq!(transient.kind(), ErrorKind::Unavailable);
        assert_eq!(kind(400, Some(190), "Access token has expired"), ErrorKind::Auth);
    }

    #[test]
    fn the_text_names_the_status_once() {
        let refusal = |message: Option<&str>, code| Refusal {
            status: 502,
            code,
            message: message.map(str::to_owned),
            ..Refusal::default()
        };
        assert_eq!(refusal(Some("502 Bad Gateway"), None).text(), "502 Bad Gateway");
        assert_eq!(refusal(None, Some(2)).text(), "502 Bad Gateway (code 2)");
        assert_eq!(refusal(Some("No route"), None).text(), "502 No route");
    }
}
