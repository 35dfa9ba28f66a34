//! What the crate promises, a module for each kind of promise. The name of a test is the promise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod config;
mod every_fault;
mod faults;
mod http;
mod model;
mod server;
mod status;
mod support;
mod tls;
mod transport;
