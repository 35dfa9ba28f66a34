//! Lengths of time, for people. The program `gupshup-groups` includes this file.

use std::time::Duration;

/// In one or two units, rounded to what can be told apart: `2.5 s`, `119 s`, `2 min 30 s`, `2 h 5 min`, `3 days`.
pub(crate) fn span(time: Duration) -> String {
    const HOUR: u128 = 3_600;
    let rounded = |unit: u128| (time.as_millis() + unit / 2) / unit;
    let (tenths, seconds) = (rounded(100), rounded(1_000));
    let two = |number: u128, large: &str, small: &str| match (number / 60, number % 60) {
        (whole, 0) => format!("{whole} {large}"),
        (whole, rest) => format!("{whole} {large} {rest} {small}"),
    };
    match seconds {
        _ if tenths < 100 && tenths % 10 > 0 => format!("{}.{} s", tenths / 10, tenths % 10),
        _ if seconds <= 120 => format!("{seconds} s"),
        _ if seconds < 2 * HOUR => two(seconds, "min", "s"),
        _ if seconds < 48 * HOUR => two(rounded(60_000), "h", "min"),
        _ => format!("{} days", rounded(24 * HOUR * 1_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_rounded_to_what_can_be_told_apart() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.04, "0 s"),
            (0.2, "0.2 s"),
            (2.5, "2.5 s"),
            (9.949, "9.9 s"),
            (9.96, "10 s"),
            (7.0, "7 s"),
            (119.009_544_778, "119 s"),
            (120.4, "120 s"),
            (150.2, "2 min 30 s"),
            (600.0, "10 min"),
            (3_900.0, "65 min"),
            (7_200.0, "2 h"),
            (7_259.0, "2 h 1 min"),
            (76_500.0, "21 h 15 min"),
            (172_800.0, "2 days"),
            (1_800_000_000.0, "20833 days"),
        ] {
            assert_eq!(span(Duration::from_secs_f64(seconds)), text, "{seconds}");
        }
        assert!(span(Duration::MAX).ends_with(" days"));
    }
}
