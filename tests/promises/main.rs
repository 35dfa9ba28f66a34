//! What the crate promises, a module for each kind of promise. The name of a test is the promise.

mod config;
mod http;
mod model;
mod support;
mod sync;
