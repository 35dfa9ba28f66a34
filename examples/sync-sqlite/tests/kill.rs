//! If the program is killed, the database is as before or as after, or between two pages of the first import.
//!
//! The program syncs from a demo server and gets a SIGKILL: at moments spread over its whole run, over its transaction
//! (which begins when SQLite's journal appears), and over its first run.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[path = "../../demo/mod.rs"]
mod demo;

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rusqlite::Connection;
use tempfile::TempDir;

use demo::DemoServer;

/// Processes killed while they run, in each test.
const KILLS: usize = 50;
/// Processes that may end before their signal.
const MISSES: usize = 200;

/// Id, subject, creation time, and whether it is removed.
type Row = (String, String, i64, bool);

/// A server with the new list, and databases with the old and the new one.
struct Fixture {
    dir: TempDir,
    server: DemoServer,
    before: Vec<Row>,
    after: Vec<Row>,
    /// The duration of the program.
    run: Duration,
    /// The duration of its transaction.
    write: Duration,
}

/// The result of a kill.
struct Left {
    /// Whether the process was killed before it ended.
    killed: bool,
    /// Whether there was a journal, from which the database had to be restored.
    journal: bool,
}

impl Fixture {
    fn new() -> Self {
        let list = FakeGroups::new(demo::groups(2500));
        let server = DemoServer::start(list.clone()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let mut fixture =
            Self { dir, server, before: Vec::new(), after: Vec::new(), run: Duration::ZERO, write: Duration::ZERO };

        // With so small a cache, the transaction writes to the database long before it ends.
        let old = fixture.path("old");
        Connection::open(&old).unwrap().execute_batch("PRAGMA default_cache_size = 10").unwrap();
        assert!(fixture.spawn(&old).wait().unwrap().success());
        fixture.before = rows(&old);
        assert_eq!(fixture.before.len(), 2500);

        for (n, group) in list.groups().into_iter().enumerate() {
            match n % 10 {
                0 => assert!(list.delete(&group.id)),
                1..=5 => assert!(list.rename(&group.id, format!("{} (renamed)", group.subject))),
                6 => list.create(Group::new(format!("new/{n}"), "Night shift", 1_750_000_000)),
                _ => {}
            }
        }

        let new = fixture.copy_of_old("new");
        let begun = Instant::now();
        let mut child = fixture.spawn(&new);
        wait_for_transaction(&mut child, &new);
        let writing = Instant::now();
        assert!(child.wait().unwrap().success());
        (fixture.run, fixture.write) = (begun.elapsed(), writing.elapsed());
        fixture.after = rows(&new);
        assert_ne!(fixture.before, fixture.after);
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn copy_of_old(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::copy(self.path("old"), &path).unwrap();
        path
    }

    fn spawn(&self, database: &Path) -> Child {
        Command::new(env!("CARGO_BIN_EXE_sync-sqlite"))
            .arg(database)
            .env("GUPSHUP_API_KEY", demo::API_KEY)
            .env("GUPSHUP_APP_ID", demo::APP_ID)
            .env("GUPSHUP_API_URL", self.server.base_url())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Checks a database whose sync was killed, and that the next sync completes it.
    fn check(&self, mut child: Child, database: &Path) -> Left {
        child.kill().unwrap();
        let status = child.wait().unwrap();
        let killed = status.signal() == Some(9);
        assert!(killed || status.success(), "{status}");

        let journal = journal(database).exists();
        let rows_left = rows(database);
        assert!(rows_left == self.after || (killed && rows_left == self.before), "neither the old list nor the new");
        if journal {
            assert!(self.spawn(database).wait().unwrap().success());
            assert!(rows(database) == self.after, "the next sync did not complete it");
        }
        fs::remove_file(database).unwrap();
        Left { killed, journal }
    }
}

/// The file that exists while a transaction writes.
fn journal(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-journal");
    name.into()
}

/// Returns when the transaction has begun or the process has ended.
fn wait_for_transaction(child: &mut Child, database: &Path) {
    let journal = journal(database);
    while !journal.exists() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_micros(50));
    }
}

/// The rows of the database, after SQLite has restored it. Its integrity is checked.
fn rows(database: &Path) -> Vec<Row> {
    let db = Connection::open(database).unwrap();
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let has_tables = db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'groups'", [], |row| row.get(0));
    if has_tables == Ok(0) {
        return Vec::new();
    }
    let mut select = db.prepare("SELECT id, subject, created_at, removed_at IS NOT NULL FROM groups").unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// A moment in `span`, or a little after, since runs differ.
fn moment(random: &mut fastrand::Rng, span: Duration) -> Duration {
    span.mul_f64(random.f64() * 1.1)
}

#[test]
fn killed_at_any_moment_of_its_run() {
    let fixture = Fixture::new();
    let mut random = fastrand::Rng::with_seed(1);
    let (mut tries, mut kills) = (0, 0);
    while kills < KILLS {
        tries += 1;
        assert!(tries <= KILLS + MISSES, "only {kills} of {tries} processes were still running");
        let database = fixture.copy_of_old("killed");
        let child = fixture.spawn(&database);
        sleep(moment(&mut random, fixture.run));
        kills += usize::from(fixture.check(child, &database).killed);
    }
    println!("{kills} kills within {:?}, {tries} runs", fixture.run);
}

#[test]
fn killed_at_any_moment_of_its_transaction() {
    let fixture = Fixture::new();
    let mut random = fastrand::Rng::with_seed(2);
    let (mut tries, mut kills, mut restored) = (0, 0, 0);
    while kills < KILLS {
        tries += 1;
        assert!(tries <= KILLS + MISSES, "only {kills} of {tries} processes were still running");
        let database = fixture.copy_of_old("killed");
        let mut child = fixture.spawn(&database);
        wait_for_transaction(&mut child, &database);
        sleep(moment(&mut random, fixture.write));
        let left = fixture.check(child, &database);
        kills += usize::from(left.killed);
        restored += usize::from(left.journal);
    }
    println!("{kills} kills within {:?}, {tries} runs; {restored} databases were restored", fixture.write);
    assert!(restored > 0, "no kill fell into a transaction");
}

/// Scenario: the first sync of a database is killed. Expected: the database holds some of the listed groups, and the
/// next sync completes it.
#[test]
fn killed_at_any_moment_of_its_first_run() {
    let fixture = Fixture::new();
    let listed = |group: Group| (group.id, group.subject, group.creation_timestamp, false);
    let mut list: Vec<Row> = fixture.server.groups().groups().into_iter().map(listed).collect();
    list.sort();
    let mut random = fastrand::Rng::with_seed(3);
    let (mut tries, mut kills, mut parts) = (0, 0, 0);
    while kills < KILLS {
        tries += 1;
        assert!(tries <= KILLS + MISSES, "only {kills} of {tries} processes were still running");
        let database = fixture.path("first");
        let mut child = fixture.spawn(&database);
        sleep(moment(&mut random, fixture.run));
        child.kill().unwrap();
        let killed = child.wait().unwrap().signal() == Some(9);
        kills += usize::from(killed);

        let imported = if database.exists() { rows(&database) } else { Vec::new() };
        assert!(imported.iter().all(|row| list.binary_search(row).is_ok()), "a row that is no group of the list");
        parts += usize::from(!imported.is_empty() && imported.len() < list.len());
        assert!(fixture.spawn(&database).wait().unwrap().success());
        let mut completed = rows(&database);
        completed.sort();
        assert!(completed == list, "the next sync did not complete it");
        fs::remove_file(&database).unwrap();
    }
    println!("{kills} kills within {:?}, {tries} runs; {parts} left a part of the list", fixture.run);
    assert!(parts > 0, "no kill fell between two pages of the import");
}
