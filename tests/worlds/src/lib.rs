//! Small worlds: the crate's pure walk (`src/walk`) against every short list, page size, dialect of the server and
//! schedule of events.
//!
//! A wrong rule fails on a short list too, because only three things matter: the places of cursors, the links of pages, and
//! the events between two requests. So every list of up to five groups is walked, in pages of one to four, with each
//! [dialect](dialect::Dialect), and at every request every event happens: a group is created or deleted, cursors expire, the
//! request fails or is dropped, the walk is reversed, or saved and resumed. The promise is checked for each walk.
//!
//! `src/walk` and `src/cursor.rs` are compiled here as they stand. They import nothing else of the crate.

#[allow(dead_code, unreachable_pub, clippy::pedantic)]
#[path = "../../../src/cursor.rs"]
pub mod cursor;
#[allow(dead_code, unreachable_pub, unused_imports, clippy::pedantic)]
#[path = "../../../src/walk/mod.rs"]
mod walk;

mod course;
pub mod dialect;
mod event;
mod explore;
pub mod names;
mod promise;
mod report;
mod scope;
pub mod server;
mod walker;
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use explore::Explorer;
use names::Names;

pub use report::Report;
pub use scope::Scope;

/// Walks through every world of `scope`, on as many threads as there are processors.
#[must_use]
pub fn run(scope: Scope) -> Report {
    let started = Instant::now();
    let worlds = scope.worlds();
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut report = Report::default();
    thread::scope(|threads_of| {
        let running: Vec<_> = (0..threads)
            .map(|_| {
                threads_of.spawn(|| {
                    let (names, mut report) = (Names::default(), Report::default());
                    while let Some(world) = worlds.get(next.fetch_add(1, Ordering::Relaxed)) {
                        Explorer::explore(world, &names, &mut report);
                    }
                    report
                })
            })
            .collect();
        for thread in running {
            match thread.join() {
                Ok(part) => report.add(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    report.time = started.elapsed();
    report
}
