//! How the walks ended.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::time::Duration;

use crate::explore::Item;
use crate::promise::{Breach, End, Unpromised, Verdict};
use crate::walker::Failure;
use crate::world::World;

/// How the walks ended.
#[derive(Debug, Default)]
pub struct Report {
    pub worlds: u64,
    pub walks: u64,
    pub requests: u64,
    /// Walks that ended with an error that has a reason.
    pub failed: u64,
    /// Walks by what could not be promised, in the order of [`Unpromised::ALL`].
    pub unpromised: [u64; Unpromised::ALL.len()],
    /// Walks that broke a promise, by what is wrong.
    broken: BTreeMap<Breach, Broken>,
    pub time: Duration,
}

/// Walks that broke a promise in the same way.
#[derive(Debug)]
struct Broken {
    walks: u64,
    /// The one with the fewest groups, events and settings.
    example: Example,
}

/// A walk in which a promise was broken.
#[derive(Debug)]
struct Example {
    world: World,
    trace: Vec<Item>,
    end: Option<End>,
}

impl Report {
    pub(crate) fn count(&mut self, verdict: Verdict, requests: u16) {
        self.walks += 1;
        self.requests += u64::from(requests);
        match verdict {
            Verdict::Kept | Verdict::Broken(_) => {}
            Verdict::Failed => self.failed += 1,
            Verdict::Unpromised(name) => self.unpromised[name as usize] += 1,
        }
    }

    pub(crate) fn broken(&mut self, breach: Breach, world: &World, trace: &[Item], end: Option<End>) {
        self.walks += 1;
        let example = Example { world: *world, trace: trace.to_vec(), end };
        self.add_broken(breach, Broken { walks: 1, example });
    }

    /// In how many walks a promise was broken.
    #[must_use]
    pub fn broken_promises(&self) -> u64 {
        self.broken.values().map(|broken| broken.walks).sum()
    }

    fn add_broken(&mut self, breach: Breach, broken: Broken) {
        match self.broken.entry(breach) {
            Entry::Vacant(entry) => {
                entry.insert(broken);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                known.walks += broken.walks;
                if broken.example.weight() < known.example.weight() {
                    known.example = broken.example;
                }
            }
        }
    }

    /// Adds how other walks ended.
    pub fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.walks += other.walks;
        self.requests += other.requests;
        self.failed += other.failed;
        for (mine, theirs) in self.unpromised.iter_mut().zip(other.unpromised) {
            *mine += theirs;
        }
        for (breach, broken) in other.broken {
            self.add_broken(breach, broken);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>13} worlds", self.worlds)?;
        writeln!(f, "{:>13} walks", self.walks)?;
        writeln!(f, "{:>13} requests", self.requests)?;
        writeln!(f, "{:>13.1} s", self.time.as_secs_f64())?;
        writeln!(f, "{:>13} walks ended with an error that has a reason", self.failed)?;
        for (name, walks) in Unpromised::ALL.into_iter().zip(self.unpromised) {
            writeln!(f, "{walks:>13} walks in which it cannot be promised: {}", name.sentence())?;
        }
        writeln!(f, "{:>13} broken promises", self.broken_promises())?;
        for (breach, Broken { walks, example }) in &self.broken {
            writeln!(f, "\n{}, in {walks} walks; for example\n{example}", breach.sentence())?;
        }
        Ok(())
    }
}

impl Example {
    fn weight(&self) -> (usize, usize, u8, usize) {
        let events = self.trace.iter().filter(|item| !matches!(item, Item::Request | Item::Group(_))).count();
        (events, self.world.dialect.distance(), self.world.count, self.trace.len())
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let World { count, dialect, start, rules, .. } = &self.world;
        writeln!(f, "  {count} groups from {start:?}, {rules:?}")?;
        writeln!(f, "  dialect: {dialect}")?;
        write!(f, "  ")?;
        for item in &self.trace {
            write!(f, "{item}, ")?;
        }
        match self.end {
            Some(End::Done) => write!(f, "end"),
            Some(End::Failed(Failure::Request, Some(fault))) => write!(f, "error: {fault:?}"),
            Some(End::Failed(failure, _)) => write!(f, "error: {failure:?}"),
            None => Ok(()),
        }
    }
}
