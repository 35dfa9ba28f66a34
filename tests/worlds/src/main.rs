//! Walks through every small world, and prints a report. Fails if a promise was broken.
//!
//! `cargo run --release --manifest-path tests/worlds/Cargo.toml`; with `quick` after `--`, the part that `cargo test` runs.

use std::process::ExitCode;

use small_worlds::{Scope, run};

fn main() -> ExitCode {
    let scope = match std::env::args().nth(1).as_deref() {
        None => Scope::Whole,
        Some("quick") => Scope::Quick,
        Some(_) => {
            eprintln!("usage: small-worlds [quick]");
            return ExitCode::from(2);
        }
    };
    let report = run(scope);
    print!("{report}");
    if report.broken_promises() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
