//! Interleaved rounds and their medians.

use std::time::Duration;

/// Something that can be timed once: it prepares what it needs, and returns how long the part took that counts.
pub type Contestant<'a> = (&'static str, Box<dyn FnMut() -> Duration + 'a>);

/// Runs all contestants in turn, round after round, so that whatever else the machine does hits all alike. Returns the
/// median time of each; the first round warms up and does not count.
pub fn medians(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<Duration> {
    let mut times = vec![Vec::new(); contestants.len()];
    for round in 0..=rounds {
        for (times, (_, run)) in times.iter_mut().zip(contestants.iter_mut()) {
            let time = run();
            if round > 0 {
                times.push(time);
            }
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
        .collect()
}
