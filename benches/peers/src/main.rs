//! gupshup-groups compared with its peers, in one run.
//!
//! `cargo run --release --manifest-path benches/peers/Cargo.toml [walk] [decode] [wire] [latency] [ahead]`
//!
//! Prints tables in Markdown; without arguments all of them. `walk` also draws `benches/walk.svg`. Each figure is a
//! median over interleaved rounds. On another machine, only ratios are comparable.

mod chart;
mod decode;
#[path = "../../loopback/mod.rs"]
mod loopback;
mod rounds;
#[path = "../../shape/mod.rs"]
mod shape;
mod walk;
mod wire;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let run = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    if run("walk") {
        walk::table();
    }
    if run("decode") {
        decode::table();
    }
    if run("wire") {
        wire::table();
    }
    if run("latency") {
        wire::latency();
    }
    if run("ahead") {
        wire::read_ahead();
    }
}
