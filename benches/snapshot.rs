//! The cost of finding the changes between two listings of 10,000 groups. It should be well under 5 ms.
//!
//! ```sh
//! cargo bench --bench snapshot
//! ```

#![allow(missing_docs, reason = "the macro of criterion makes a public function")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot run should stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Group, ListGroups, Snapshot};

const GROUPS: usize = 10_000;

/// Ids as long as the API's, which differ only near the end.
fn group(n: usize) -> Group {
    Group::new(format!("Y2FwaV9ncm91cDoxOTE5ODc2NTQzMjEwOjEyMDM2MzA{n:08}"), format!("Support {n}"), 1_700_000_000)
}

fn snapshot(groups: impl IntoIterator<Item = Group>) -> Snapshot {
    block_on(ListGroups::from_source(FakeGroups::new(groups)).snapshot()).expect("the fake does not fail")
}

fn changes(c: &mut Criterion) {
    let older = snapshot((0..GROUPS).map(group));
    let mut bench = c.benchmark_group("changes between 10,000 groups and");

    let same = older.clone();
    assert_eq!(same.changes_since(&older), []);
    bench.bench_function("the same", |b| b.iter(|| black_box(&same).changes_since(black_box(&older))));

    // One in a hundred is new, one renamed, one removed.
    let newer = snapshot((0..GROUPS + GROUPS / 100).filter(|n| n % 101 != 0).map(|n| match n % 101 {
        1 => Group::new(group(n).id, "another name", 1_700_000_000),
        _ => group(n),
    }));
    bench.bench_function("three percent changed", |b| b.iter(|| black_box(&newer).changes_since(black_box(&older))));

    let other = snapshot((GROUPS..2 * GROUPS).map(group));
    assert_eq!(other.changes_since(&older).len(), 2 * GROUPS);
    bench.bench_function("10,000 others", |b| b.iter(|| black_box(&other).changes_since(black_box(&older))));
    bench.finish();

    let saved = serde_json::to_string(&older).expect("groups are plain data");
    c.bench_function("read 10,000 saved groups", |b| {
        b.iter(|| serde_json::from_str::<Snapshot>(black_box(&saved)).expect("just written"));
    });
}

criterion_group!(benches, changes);
criterion_main!(benches);
