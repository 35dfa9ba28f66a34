//! The promises of the crate, one module for each kind. The name of a test is the promise.

mod chaos;
mod config;
mod consistent;
mod end;
mod errors;
mod every_fault;
mod faults;
mod http;
mod model;
mod observer;
mod parked;
mod polling;
mod read_ahead;
mod retries;
mod server;
mod service;
mod status;
mod support;
mod sync;
mod tls;
mod tracked;
mod transport;
mod updates;
mod walk;
