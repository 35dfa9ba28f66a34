//! Lengths of time, for people. The program `gupshup-groups` includes this file.

use std::time::Duration;

/// In one unit, rounded: `2.5 s`, `119 s`, `15 min`, `3 h`, `2 days`.
pub(crate) fn span(time: Duration) -> String {
    let in_units = |seconds: u64| time.as_secs().saturating_add(seconds / 2) / seconds;
    match time.as_secs_f64() {
        seconds if seconds < 9.95 => format!("{seconds:.1} s").replace(".0", ""),
        seconds if seconds < 600.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7_200.0 => format!("{} min", in_units(60)),
        seconds if seconds < 172_800.0 => format!("{} h", in_units(3_600)),
        _ => format!("{} days", in_units(86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_rounded_to_what_helps() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.04, "0 s"),
            (0.2, "0.2 s"),
            (2.5, "2.5 s"),
            (7.0, "7 s"),
            (9.94, "9.9 s"),
            (9.96, "10 s"),
            (119.009_544_778, "119 s"),
            (150.2, "150 s"),
            (600.0, "10 min"),
            (3_900.0, "65 min"),
            (7_200.0, "2 h"),
            (76_500.0, "21 h"),
            (172_800.0, "2 days"),
            (1_800_000_000.0, "20833 days"),
        ] {
            assert_eq!(span(Duration::from_secs_f64(seconds)), text, "{seconds}");
        }
        assert!(span(Duration::MAX).ends_with(" days"));
    }
}
