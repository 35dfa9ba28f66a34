//! The values of options that clap has no parser for.

use std::time::Duration;

use gupshup_groups::RemovalLimit;

/// A time such as `90s`, `5m` or `1h 30m`, of more than zero.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let time: jiff::SignedDuration = text.parse().map_err(|_| "write it as 90s, 5m or 1h".to_owned())?;
    match Duration::try_from(time) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("it must be more than zero".to_owned()),
    }
}

/// The time between two listings. A shorter one would only load the server.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        time if time < Duration::from_secs(1) => Err("the shortest is 1s".to_owned()),
        time => Ok(time),
    }
}

/// `20`, `20%` or `all`.
pub(super) fn removal_limit(text: &str) -> Result<RemovalLimit, String> {
    let wrong = || "write a number of groups (20), a share of them (20%), or all".to_owned();
    match text.strip_suffix('%') {
        Some(share) => match share.trim().parse() {
            Ok(percent @ 0..=100) => Ok(RemovalLimit::percent(percent)),
            _ => Err(wrong()),
        },
        None if text == "all" => Ok(RemovalLimit::none()),
        None => text.parse().map(RemovalLimit::count).map_err(|_| wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_is_more_than_zero() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "5", "0s", "-1m", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_time_between_listings_is_at_least_a_second() {
        assert_eq!(interval("1s"), Ok(Duration::from_secs(1)));
        for short in ["1ns", "999ms"] {
            assert_eq!(interval(short), Err("the shortest is 1s".to_owned()));
        }
    }

    #[test]
    fn a_removal_limit_is_a_count_a_share_or_none() {
        assert_eq!(removal_limit("20"), Ok(RemovalLimit::count(20)));
        assert_eq!(removal_limit("20%"), Ok(RemovalLimit::percent(20)));
        assert_eq!(removal_limit("all"), Ok(RemovalLimit::none()));
        for wrong in ["", "-1", "101%", "%", "many"] {
            assert!(removal_limit(wrong).is_err(), "{wrong}");
        }
    }
}
