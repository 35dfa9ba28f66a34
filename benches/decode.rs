//! Decoding a page, against what anybody would write: `serde_json::from_slice` into derived structs of the documented
//! shape, which accept nothing else.
//!
//! `cargo bench --bench decode`

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use gupshup_groups::testing::decode_page;
use serde::Deserialize;

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is read is what is measured")]
struct StrictPage {
    data: Vec<StrictGroup>,
    paging: StrictPaging,
    status: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is read is what is measured")]
struct StrictGroup {
    creation_timestamp: i64,
    id: String,
    subject: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is read is what is measured")]
struct StrictPaging {
    cursors: StrictCursors,
    next: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what is read is what is measured")]
struct StrictCursors {
    after: String,
    before: String,
}

/// A page of so many groups, with ids as long as the API's and names of this alphabet.
fn body(groups: usize, name: &str, spaced: bool) -> String {
    let (comma, colon) = if spaced { (",\n      ", ": ") } else { (",", ":") };
    let data: Vec<_> = (0..groups)
        .map(|n| {
            let time = 1_700_000_000 - n * 977;
            let id = format!("Y2FwaV9ncm91cDoxNTU1MDc4MzgxMToxMjAzNjMwMTg{:012}ZD", n * 7_654_321);
            format!(
                r#"{{"creation_timestamp"{colon}{time}{comma}"id"{colon}"{id}"{comma}"subject"{colon}"{name} {n}"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"data"{colon}[{}]{comma}"paging"{colon}{{"cursors"{colon}{{"after"{colon}"{after}","before"{colon}"{after}"}}{comma}"next"{colon}"https://graph.facebook.com/v20.0/105406242200849/groups?limit=1024&after={after}"}}{comma}"status"{colon}"success"}}"#,
        data.join(comma),
        after = "QVFIUlJ".repeat(14),
    )
}

fn main() {
    let mut c = Criterion::default().configure_from_args();

    for (what, body) in [
        ("1024 groups", body(1024, "Customer support, region", false)),
        ("1024 groups, indented", body(1024, "Customer support, region", true)),
        ("1024 groups, names in Hindi", body(1024, "ग्राहक सहायता", false)),
        ("1024 groups, names with escapes", body(1024, r"\ud83d\ude00 Support", false)),
        ("25 groups", body(25, "Customer support, region", false)),
    ] {
        let mut group = c.benchmark_group(what);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("serde_json, derived", |b| {
            b.iter(|| serde_json::from_slice::<StrictPage>(black_box(body.as_bytes())).unwrap());
        });
        group.bench_function("this crate", |b| b.iter(|| decode_page(black_box(body.as_bytes())).unwrap()));
        group.finish();
    }
    c.final_summary();
}
