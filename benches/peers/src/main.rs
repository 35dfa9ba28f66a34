//! gupshup-groups compared with its peers, in one run.
//!
//! `cargo run --release [walk] [decode] …`, in this folder.
//!
//! Prints tables in Markdown; without arguments all of them. `chart` draws `benches/walk.svg` from `BENCHMARKS.md`. Each
//! figure is the least over interleaved rounds. On another machine, only ratios are comparable.

mod apps;
mod chart;
mod decode;
mod guarantees;
mod gzip;
#[path = "../../loopback/mod.rs"]
mod loopback;
mod peak;
mod rounds;
#[path = "../../shape/mod.rs"]
mod shape;
mod walk;
mod wire;

const TABLES: [(&str, fn()); 8] = [
    ("walk", walk::table),
    ("decode", decode::table),
    ("wire", wire::table),
    (apps::NAME, apps::table),
    (guarantees::NAME, guarantees::table),
    ("gzip", gzip::table),
    ("ahead", wire::read_ahead),
    ("latency", wire::latency),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [first, rest @ ..] if first == peak::ARGUMENT => peak::run(rest),
        [first] if first == "chart" => chart::draw(),
        [] => TABLES.iter().for_each(|(_, table)| table()),
        names => {
            for name in names {
                match TABLES.iter().find(|(table, _)| table == name) {
                    Some((_, table)) => table(),
                    None => panic!("no table is named {name}"),
                }
            }
        }
    }
}
