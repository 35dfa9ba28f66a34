//! Interleaved rounds, and the least that each contestant takes.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

pub const COLUMNS: &str = "ms | ratio | processor ms of the client | ratio";

/// What a contestant takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall: Duration,
    /// The processor time of the thread that measures. Servers, which have threads of their own, are not in it.
    pub processor: Duration,
}

impl Cost {
    /// Runs it, and returns what it took.
    pub fn of<T>(run: impl FnOnce() -> T) -> (T, Self) {
        let (begun, thread) = (Instant::now(), ThreadTime::now());
        let result = run();
        let processor = thread.elapsed();
        (result, Self { wall: begun.elapsed(), processor })
    }

    /// The [`COLUMNS`] of a table: each time, and its ratio to that of a baseline.
    pub fn cells(self, of: Self) -> String {
        format!("{} | {}", self.wall_cells(of), cells(self.processor, of.processor))
    }

    /// The first two of them.
    pub fn wall_cells(self, of: Self) -> String {
        cells(self.wall, of.wall)
    }

    fn least(self, other: Self) -> Self {
        Self { wall: self.wall.min(other.wall), processor: self.processor.min(other.processor) }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, more: Self) {
        self.wall += more.wall;
        self.processor += more.processor;
    }
}

/// A name, and what prepares a round and returns the cost of the part to measure.
pub type Contestant<'a> = (&'static str, Box<dyn FnMut() -> Cost + 'a>);

/// A contestant with nothing to prepare.
pub fn contestant<'a>(name: &'static str, mut run: impl FnMut() + 'a) -> Contestant<'a> {
    (name, Box::new(move || Cost::of(&mut run).1))
}

/// Runs all contestants in turn, round after round, and returns the least of each: other load on the machine only adds.
/// Every second round is in reverse order, so that none always follows the same one.
pub fn least(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<Cost> {
    let most = Cost { wall: Duration::MAX, processor: Duration::MAX };
    let mut least = vec![most; contestants.len()];
    for round in 0..rounds {
        for place in 0..contestants.len() {
            let which = if round % 2 == 0 { place } else { contestants.len() - 1 - place };
            least[which] = least[which].least((contestants[which].1)());
        }
    }
    least
}

fn cells(time: Duration, of: Duration) -> String {
    format!("{:.0} | {:.2}", ms(time), ratio(time, of))
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn ratio(time: Duration, of: Duration) -> f64 {
    time.as_secs_f64() / of.as_secs_f64()
}
