use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

/// The longest time, if there are several.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let date = headers.get(DATE).and_then(text);
    let waits = headers.get_all(RETRY_AFTER).iter().filter_map(text);
    waits.filter_map(|wait| parse_retry_after(&wait, date.as_deref(), SystemTime::now())).max()
}

/// Seconds, also with decimals or as a list of them, of which the longest counts; or a date relative to the response's
/// `date`, or else to `now`.
pub(crate) fn parse_retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    // A date has a comma too.
    if let Ok(until) = httpdate::parse_http_date(value) {
        let now = date.and_then(|date| httpdate::parse_http_date(date.trim()).ok()).unwrap_or(now);
        // No wait for a date in the past.
        return Some(until.duration_since(now).unwrap_or_default());
    }
    value.split(',').filter_map(|seconds| parse_seconds(seconds.trim())).max()
}

fn parse_seconds(text: &str) -> Option<Duration> {
    // Neither a sign nor an exponent.
    let is_decimal =
        text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| is_decimal)?;
    // Too many seconds to represent: forever.
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn retry_after_is_seconds_or_a_date_in_any_of_the_three_formats() {
        let parse = |value, date| parse_retry_after(value, date, UNIX_EPOCH + Duration::from_secs(784_111_767));
        assert_eq!(parse("2", None), Some(2 * SECOND));
        assert_eq!(parse(" 120 ", None), Some(120 * SECOND));
        for value in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(value, None), Some(10 * SECOND), "{value}");
            assert_eq!(parse(value, Some("Sun, 06 Nov 1994 08:49:30 GMT")), Some(7 * SECOND), "{value}");
            assert_eq!(parse(value, Some("Sun, 06 Nov 1994 08:50:00 GMT")), Some(Duration::ZERO), "{value}");
        }
    }

    #[test]
    fn seconds_may_have_decimals_and_of_several_the_longest_counts() {
        for (value, seconds) in
            [("2.5", 2.5), ("119.7", 119.7), ("3.000", 3.0), ("3, 3", 3.0), ("1,7.5 , 2", 7.5), ("soon, 4", 4.0)]
        {
            assert_eq!(parse_retry_after(value, None, UNIX_EPOCH), Some(Duration::from_secs_f64(seconds)), "{value}");
        }
    }

    #[test]
    fn absurd_retry_after_is_ignored_or_saturates() {
        let parse = |value| parse_retry_after(value, Some("yesterday"), UNIX_EPOCH);
        assert_eq!(parse("99999999999999999999999"), Some(Duration::MAX));
        for value in
            ["", "-1", "3s", ".5", "1.2.3", "1e9", ",", "soon", "+3", "0x10", "٣", "Sun, 99 Nov 1994 08:49:37 GMT"]
        {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
