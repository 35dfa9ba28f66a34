//! An error of the API: the meaning of its status and code.

/// Codes for "too many requests" (Meta's list of error codes).
const RATE_LIMIT_CODES: [i64; 6] = [4, 17, 341, 80_007, 130_429, 131_208];
/// Codes for temporary failures (Meta: "API Unknown", "API Service").
const TEMPORARY_CODES: [i64; 2] = [1, 2];
/// 131059 "Invalid cursor … expired or corrupted", and 2642 "Invalid cursors values".
const CURSOR_CODES: [i64; 2] = [131_059, INVALID_CURSORS];
/// Also past the end of the list.
const INVALID_CURSORS: i64 = 2642;
/// "Access token has expired".
const TOKEN_CODE: i64 = 190;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 200 if only the body is an error.
    pub(crate) status: u16,
    pub(crate) code: Option<i64>,
    /// One line, of limited length, with secrets masked.
    pub(crate) message: Option<String>,
    /// The API called the failure temporary.
    pub(crate) transient: bool,
    /// The API's name of this failure, for a support ticket: Meta's `fbtrace_id`.
    pub(crate) trace_id: Option<String>,
}

impl Refusal {
    pub(super) fn is_auth(&self) -> bool {
        matches!(self.status, 401 | 403) || self.code == Some(TOKEN_CODE)
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.status == 404
    }

    pub(super) fn is_rate_limited(&self) -> bool {
        self.status == 429 || self.has_code(&RATE_LIMIT_CODES)
    }

    pub(super) fn is_cursor(&self) -> bool {
        self.has_code(&CURSOR_CODES)
    }

    pub(super) fn is_invalid_cursors(&self) -> bool {
        self.code == Some(INVALID_CURSORS)
    }

    pub(super) fn asks_for_less(&self) -> bool {
        match self.status {
            413 => true,
            500 => {
                let text = self.message.as_deref().unwrap_or_default();
                text.to_ascii_lowercase().contains("reduce the amount of data")
            }
            _ => false,
        }
    }

    /// Whether it is a 400 without a code that explains it.
    pub(super) fn is_unexplained(&self) -> bool {
        self.status == 400 && !self.is_cursor() && !self.is_auth() && !self.is_retryable()
    }

    pub(super) fn is_retryable(&self) -> bool {
        !self.asks_for_less()
            && !self.is_cursor()
            && (matches!(self.status, 408 | 429 | 500 | 502 | 503 | 504)
                || self.transient
                || self.has_code(&RATE_LIMIT_CODES)
                || self.has_code(&TEMPORARY_CODES))
    }

    /// The message, or the name of the status.
    pub(super) fn text(&self) -> &str {
        self.message.as_deref().unwrap_or(match self.status {
            200 => "an error without a message",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            408 => "Request Timeout",
            413 => "Content Too Large",
            429 => "Too Many Requests",
            500 => "Internal Server Error",
            501 => "Not Implemented",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            _ => "the API refused the request",
        })
    }

    fn has_code(&self, codes: &[i64]) -> bool {
        self.code.is_some_and(|code| codes.contains(&code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: Option<i64>, message: &str) -> Refusal {
        Refusal { status, code, message: Some(message.to_owned()), transient: false, trace_id: None }
    }

    #[test]
    fn a_request_to_reduce_the_data_is_not_retried() {
        let less = refusal(500, Some(1), "Please reduce the amount of data you're asking for, then retry");
        assert!(less.asks_for_less() && !less.is_retryable());
        assert!(refusal(500, Some(1), "An unknown error occurred").is_retryable());
    }

    #[test]
    fn a_rate_limit_sent_as_400_is_retryable_and_does_not_lower_the_page_size() {
        let limited = refusal(400, Some(80_007), "Rate limit issues");
        assert!(limited.is_rate_limited() && limited.is_retryable() && !limited.is_unexplained());
        assert!(refusal(400, None, "limit exceeds 100").is_unexplained());
    }
}
