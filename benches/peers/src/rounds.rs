//! Interleaved rounds and their medians.

use std::time::Duration;

/// Prepares what it needs, and returns the duration of the measured part.
pub type Contestant<'a> = (&'static str, Box<dyn FnMut() -> Duration + 'a>);

/// Runs all contestants in turn, round after round, so that other load on the machine affects all alike. Returns the
/// median time of each, without the first round, which warms up.
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
