//! What the crate promises, a module for each kind of promise. The name of a test is the promise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod config;
#[path = "../../examples/demo/mod.rs"]
mod demo;
mod http;
mod model;
mod polling;
mod support;
mod sync;
mod telemetry;
mod tool;
mod walk;
