//! Decoding, against `serde_json::from_slice` into derived structs that accept the documented shape and nothing else.

use std::hint::black_box;

use cpu_time::ThreadTime;
use gupshup_groups::testing::decode_page;
use serde::Deserialize;

use crate::rounds::{Contestant, medians};

const ROUNDS: usize = 101;

#[derive(Deserialize)]
#[allow(dead_code)]
struct StrictPage {
    data: Vec<StrictGroup>,
    paging: StrictPaging,
    status: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct StrictGroup {
    creation_timestamp: i64,
    id: String,
    subject: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct StrictPaging {
    cursors: StrictCursors,
    next: String,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct StrictCursors {
    after: String,
    before: String,
}

/// A page of so many groups, with ids as long as the API's and names of this alphabet.
fn body(groups: usize, name: &str, comma: &str, colon: &str) -> String {
    let data: Vec<_> = (0..groups)
        .map(|n| {
            let time = 1_700_000_000 - n * 977;
            let id = format!("Y2FwaV9ncm91cDoxNTU1MDc4MzgxMToxMjAzNjMwMTg{:012}ZD", n * 7_654_321);
            format!(
                r#"{{"creation_timestamp"{colon}{time}{comma}"id"{colon}"{id}"{comma}"subject"{colon}"{name} {n}"}}"#
            )
        })
        .collect();
    let cursor = "QVFIUlJ".repeat(14);
    format!(
        r#"{{"data"{colon}[{}]{comma}"paging"{colon}{{"cursors"{colon}{{"after"{colon}"{cursor}","before"{colon}"{cursor}"}}{comma}"next"{colon}"https://graph.facebook.com/v20.0/105406242200849/groups?limit=1024&after={cursor}"}}{comma}"status"{colon}"success"}}"#,
        data.join(comma),
    )
}

pub fn table() {
    println!("| decode | serde_json, derived, µs | gupshup-groups, µs | times as fast |");
    println!("|---|---|---|---|");
    for (what, body) in [
        ("1024 groups", body(1024, "Customer support, region", ",", ":")),
        ("1024 groups, indented", body(1024, "Customer support, region", ",\n      ", ": ")),
        ("1024 groups, names in Hindi", body(1024, "ग्राहक सहायता", ",", ":")),
        ("1024 groups, names with an escape", body(1024, r"\ud83d\ude00 Support", ",", ":")),
        ("25 groups", body(25, "Customer support, region", ",", ":")),
    ] {
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
                        black_box(decode_page(black_box(bytes)).expect("it is a page"));
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
