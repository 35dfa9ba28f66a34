//! Decoding, against `serde_json::from_slice` into derived structs that accept the documented shape and nothing else, and
//! against two parts of the work that no decoder can omit.

use std::hint::black_box;

use gupshup_groups::internals::page_decode;

use crate::rounds::{Contestant, contestant, least, ms};
use crate::shape::{StrictPage, bodies};

const ROUNDS: usize = 101;

pub fn table() {
    println!(
        "| decode, µs | serde_json, derived | gupshup-groups | times as fast | bytes validated and copied | groups cloned |"
    );
    println!("|---|---|---|---|---|---|");
    for (what, body) in bodies() {
        let bytes = body.as_bytes();
        let groups = page_decode(bytes, &[]).expect("it is a page").groups;
        let repeats = 200_000 / bytes.len() + 1;
        let mut contestants: Vec<Contestant<'_>> = vec![
            repeated("serde_json", repeats, || {
                serde_json::from_slice::<StrictPage>(black_box(bytes)).expect("it is of the shape")
            }),
            repeated("ours", repeats, || page_decode(black_box(bytes), &[]).expect("it is a page")),
            repeated("bytes", repeats, || std::str::from_utf8(black_box(bytes)).expect("it is text").to_owned()),
            repeated("groups", repeats, || black_box(&groups).clone()),
        ];
        let times: Vec<_> =
            least(ROUNDS, &mut contestants).iter().map(|cost| ms(cost.processor) * 1e3 / repeats as f64).collect();
        let [serde_json, ours, bytes, groups] = times[..] else { unreachable!("one time for each") };
        println!("| {what} | {serde_json:.1} | {ours:.1} | {:.2} | {bytes:.1} | {groups:.1} |", serde_json / ours);
    }
    println!();
}

/// Many calls in a row, which drop what they return.
fn repeated<'a, T>(name: &'static str, repeats: usize, run: impl Fn() -> T + 'a) -> Contestant<'a> {
    contestant(name, move || {
        for _ in 0..repeats {
            black_box(run());
        }
    })
}
