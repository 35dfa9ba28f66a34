//! The peak memory of a client, in a process that does nothing else: this program again, with the server's address.

use std::process::Command;

use crate::loopback::Api;
use crate::{apps, guarantees};

/// The first argument of such a process.
pub const ARGUMENT: &str = "peak";

const PROCESSES: usize = 3;

/// The peak of the resident memory of this row of this table, in MiB: the largest of some processes, since it depends on
/// which bodies arrive together.
pub fn of(table: &str, row: usize, count: usize, api: Api) -> f64 {
    (0..PROCESSES).map(|_| of_one(table, row, count, api)).fold(0.0, f64::max)
}

fn of_one(table: &str, row: usize, count: usize, api: Api) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let arguments = [ARGUMENT, table, &row.to_string(), &count.to_string(), &api.0.to_string()];
    let output = Command::new(program).args(arguments).output().expect("it starts");
    assert!(output.status.success(), "{table} {row}: {}", String::from_utf8_lossy(&output.stderr));
    let kib: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number");
    kib / 1024.0
}

/// Such a process: runs the row once, and prints the peak in KiB.
pub fn run(arguments: &[String]) {
    let [table, row, count, api] = arguments else { panic!("{ARGUMENT} is not called by hand") };
    let (row, count) = (row.parse().expect("a row"), count.parse().expect("a count"));
    let api = Api(api.parse().expect("an address"));
    match &**table {
        apps::NAME => drop(apps::run(row, api)(count)),
        guarantees::NAME => drop(guarantees::run(row, api)()),
        _ => panic!("no rows of {table}"),
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux counts it");
    println!("{}", peak.trim().trim_end_matches(" kB"));
}
