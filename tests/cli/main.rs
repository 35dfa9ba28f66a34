//! The promises of the program `gupshup-groups`, run as a process against a server. The name of a test is the promise.

#![cfg(unix)]

mod account;
mod completions;
mod credentials;
#[path = "../../src/bin/gupshup-groups/demo/mod.rs"]
mod demo;
mod diff;
mod disk;
mod exits;
mod figures;
mod formats;
mod kills;
mod many;
mod output_file;
mod readers;
mod signals;
mod support;
mod terminal;
mod together;
mod waits;
mod watch;
mod week;
