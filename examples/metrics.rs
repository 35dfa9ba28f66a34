//! Feeds metrics: an observer counts the attempts, and a Prometheus exporter writes them as text.
//!
//! ```sh
//! cargo run --example metrics -- --demo
//! GUPSHUP_API_KEY=… GUPSHUP_APP_ID=… cargo run --example metrics
//! ```
//!
//! With `--demo` it lists a demo server that fails at the second page, and prints:
//!
//! ```text
//! gupshup_attempt_seconds_bucket{le="+Inf"} 5
//! gupshup_attempt_seconds_bucket{le="1"} 5
//! gupshup_attempt_seconds_bucket{le="10"} 5
//! gupshup_attempt_seconds_count 5
//! gupshup_attempts_total{position="after",outcome="page"} 3
//! gupshup_attempts_total{position="after",outcome="unavailable"} 1
//! gupshup_attempts_total{position="start",outcome="page"} 1
//! gupshup_bytes_total 235645
//! gupshup_groups_total 2500
//! ```
//!
//! With the two variables it lists the live API. A service serves the text at `/metrics`; the exporter's crate can do that.

mod demo;

use std::error::Error;

use futures::TryStreamExt;
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{Attempt, Error as ListError, Group};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let exporter = PrometheusBuilder::new().set_buckets(&[1.0, 10.0])?.install_recorder()?;
    let (builder, app_id, _demo) = demo::account_or_demo(failing_list())?;
    let list = builder.observer(observe).build()?.groups(app_id);
    let _groups: Vec<Group> = list.stream().try_collect().await?;
    // The exporter's order and the sum of the times differ from run to run.
    let text = exporter.render();
    let mut lines: Vec<_> =
        text.lines().filter(|line| line.starts_with("gupshup_") && !line.contains("_sum ")).collect();
    lines.sort_unstable();
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

/// Called at the end of each attempt.
fn observe(attempt: &Attempt<'_>) {
    let labels = [("position", attempt.position().name()), ("outcome", attempt.outcome().as_str())];
    counter!("gupshup_attempts_total", &labels).increment(1);
    counter!("gupshup_groups_total").increment(attempt.groups() as u64);
    counter!("gupshup_bytes_total").increment(attempt.bytes());
    histogram!("gupshup_attempt_seconds").record(attempt.duration());
}

fn failing_list() -> FakeGroups {
    FakeGroups::new(demo::groups(2_500)).fault_at(1, Fault::Error(ListError::api(503, None, "Service Unavailable")))
}
