//! Decoding, against `serde_json::from_slice` into derived structs that accept the documented shape and nothing else.

use std::hint::black_box;

use cpu_time::ThreadTime;
use gupshup_groups::internals::page_decode;

use crate::rounds::{Contestant, medians};
use crate::shape::{StrictPage, bodies};

const ROUNDS: usize = 101;

pub fn table() {
    println!("| decode | serde_json, derived, µs | gupshup-groups, µs | times as fast |");
    println!("|---|---|---|---|");
    for (what, body) in bodies() {
        let bytes = body.as_bytes();
        let repeats = 200_000 / bytes.len() + 1;
        let mut contestants: Vec<Contestant<'_>> = vec![
            (
                "serde_json",
                Box::new(|| {
                    let begun = ThreadTime::now();
                    for _ in 0..repeats {
                        black_box(serde_json::from_slice::<StrictPage>(black_box(bytes)).expect("it is of the shape"));
                    }
                    begun.elapsed()
                }),
            ),
            (
                "ours",
                Box::new(|| {
                    let begun = ThreadTime::now();
                    for _ in 0..repeats {
                        black_box(page_decode(black_box(bytes), &[]).expect("it is a page"));
                    }
                    begun.elapsed()
                }),
            ),
        ];
        let times: Vec<_> =
            medians(ROUNDS, &mut contestants).iter().map(|time| time.as_secs_f64() * 1e6 / repeats as f64).collect();
        println!("| {what} | {:.1} | {:.1} | {:.2} |", times[0], times[1], times[0] / times[1]);
    }
    println!();
}
