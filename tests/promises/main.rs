//! What the crate promises, a module for each kind of promise. The name of a test is the promise.

mod chaos;
mod config;
mod errors;
mod http;
mod model;
mod polling;
mod read_ahead;
mod retries;
mod support;
mod sync;
mod telemetry;
mod walk;
