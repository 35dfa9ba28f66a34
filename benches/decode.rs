//! Decoding a page, compared with `serde_json::from_slice` into derived structs that accept only the documented shape.
//!
//! `cargo bench --bench decode`. `benches/peers` has the same in interleaved rounds.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use gupshup_groups::internals::page_decode;

mod shape;

fn main() {
    let mut c = Criterion::default().configure_from_args();
    for (what, body) in shape::bodies() {
        let mut group = c.benchmark_group(what);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("serde_json, derived", |b| {
            b.iter(|| serde_json::from_slice::<shape::StrictPage>(black_box(body.as_bytes())));
        });
        group.bench_function("this crate", |b| b.iter(|| page_decode(black_box(body.as_bytes()), &[])));
        group.finish();
    }
    c.final_summary();
}
