//! What the crate promises, a module for each kind of promise. The name of a test is the promise.

mod config;
mod http;
mod model;
mod polling;
mod support;
mod sync;
mod telemetry;
mod walk;
