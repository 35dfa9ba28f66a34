//! A week of a nightly job: twenty apps, and what goes wrong. Its operator reads the exit code, the last line on stderr, and the
//! changes.
//!
//! `cargo test --test cli week -- --nocapture` prints the table of mornings.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use gupshup_groups::Group;
use gupshup_groups::testing::FakeGroups;
use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;

use crate::demo::{self, Apps};
use crate::support::{Api, PATIENCE, Ran, Scratch, limited, read, send};

const APPS: usize = 20;
/// In the list of an app when the week begins: several pages.
const GROUPS: u32 = 60;

const DELETED: usize = 3;
const EMPTY: usize = 7;
const REFUSED: usize = 11;

/// What the account's apps and their server are in this week.
struct World {
    lists: Vec<FakeGroups>,
    /// The server answers 404.
    deleted: AtomicBool,
    /// 200 and no groups.
    empty: AtomicBool,
    /// 401.
    refused: AtomicBool,
    /// At the last app, the server tells that it was asked, and then answers nothing.
    silent: AtomicBool,
}

impl World {
    fn serve(self: Arc<Self>) -> (Api, mpsc::Receiver<()>) {
        let (tell, reached) = mpsc::channel();
        let apps: Apps = self.lists.iter().enumerate().map(|(n, list)| (name(n), demo::demand_key(list))).collect();
        let none: Apps = [(name(EMPTY), FakeGroups::new([]))].into_iter().collect();
        let api = Api::answering(move |request| {
            let app = request.path.split('/').nth(3).unwrap_or_default();
            let is = |n: usize, happens: &AtomicBool| app == name(n) && happens.load(Ordering::SeqCst);
            if is(DELETED, &self.deleted) {
                return (404, r#"{"status":"error","message":"App not found"}"#.to_owned());
            }
            if is(REFUSED, &self.refused) {
                return (401, r#"{"status":"error","message":"Authentication Failed"}"#.to_owned());
            }
            if is(APPS - 1, &self.silent) {
                tell.send(()).unwrap();
                std::thread::park();
            }
            let apps = if is(EMPTY, &self.empty) { &none } else { &apps };
            let (status, body) = futures::executor::block_on(demo::answer(apps, request));
            (status, body.to_string())
        });
        (api, reached)
    }

    /// In each app, a group is created, another renamed, and a third deleted. Returns the changes.
    fn change(&self, night: usize) -> Vec<String> {
        let mut changes = Vec::new();
        for (n, list) in self.lists.iter().enumerate() {
            let new = Group::new(format!("night {night}"), format!("Night shift {night}"), 1_760_000_000);
            changes.push(format!("{} created {}", name(n), new.id));
            list.create(new);
            // Of the groups that were there from the start, each once.
            let old = demo::groups(GROUPS);
            let (renamed, deleted) = (&old[2 * night].id, &old[2 * night + 1].id);
            list.rename(renamed, "Help desk");
            changes.push(format!("{} renamed {renamed}", name(n)));
            list.delete(deleted);
            changes.push(format!("{} removed {deleted}", name(n)));
        }
        changes
    }
}

/// The id of an app.
fn name(n: usize) -> String {
    format!("app-{n:02}")
}

/// What the operator sees.
struct Morning {
    code: Option<i32>,
    last_line: String,
    /// `app-03 created night 1`
    changes: Vec<String>,
}

/// A job that runs each night, and the file that it appends the changes to.
struct Job {
    api: Api,
    reached: mpsc::Receiver<()>,
    scratch: Scratch,
    /// How much of the file earlier mornings have seen.
    seen: usize,
}

impl Job {
    fn command(&self) -> Command {
        let mut diff =
            self.api.tool(&["diff", "--quiet", "--format", "jsonl", "--apps-from", &self.scratch.name("apps")]);
        diff.args(["--state", &self.scratch.name("state"), "--page-size", "25"]).env_remove("GUPSHUP_APP_ID");
        diff
    }

    fn file(&self) -> File {
        File::options().append(true).create(true).open(self.scratch.path("changes")).unwrap()
    }

    fn morning(&mut self, title: &str, ran: &Ran) -> Morning {
        let text = read(&self.scratch.path("changes"));
        let changes: Vec<String> = text[self.seen..]
            .lines()
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
                let field = |name: &str| line[name].as_str().unwrap().to_owned();
                format!("{} {} {}", field("app_id"), field("change"), field("id"))
            })
            .collect();
        self.seen = text.len();
        let code = ran.code.map_or("killed".to_owned(), |code| code.to_string());
        let last_line = ran.err.lines().last().unwrap_or_default().to_owned();
        println!("| {title} | {code} | {} | {last_line} |", changes.len());
        Morning { code: ran.code, last_line, changes }
    }

    /// A night without a reboot.
    fn runs(&mut self, title: &str) -> Morning {
        let ran = Ran::from(self.command().stdout(self.file()).output().unwrap());
        self.morning(title, &ran)
    }

    /// A night in which no file grows beyond its present size, as on a full disk.
    fn runs_on_a_full_disk(&mut self, title: &str) -> Morning {
        let length = std::fs::metadata(self.scratch.path("state")).unwrap().len();
        let ran = Ran::from(limited(length.div_ceil(512), &self.command()).stdout(self.file()).output().unwrap());
        self.morning(title, &ran)
    }

    /// A night in which the machine stops while the last app is listed.
    fn is_killed(&mut self, title: &str) -> Morning {
        let child = self.command().stdout(self.file()).stderr(Stdio::piped()).spawn().unwrap();
        self.reached.recv_timeout(PATIENCE).unwrap();
        send(&child, Signal::KILL);
        let ran = Ran::from(child.wait_with_output().unwrap());
        self.morning(title, &ran)
    }
}

/// How often each change comes.
fn counted(changes: &[String]) -> BTreeMap<&str, usize> {
    let mut counted = BTreeMap::new();
    for change in changes {
        *counted.entry(&**change).or_default() += 1;
    }
    counted
}

/// Scenario: on Tuesday an app is deleted; on Wednesday another answers with an empty list, and on Thursday a third with 401;
/// on Friday the machine stops in the middle; on Saturday the disk is full. Expected: each morning says what was wrong, every
/// change is reported, none is invented, and no group that exists is reported or saved as removed.
#[test]
fn a_week_of_a_nightly_job_reports_every_change_and_removes_nothing_that_lives() {
    let happens = AtomicBool::default;
    let world = Arc::new(World {
        lists: (0..APPS).map(|_| FakeGroups::new(demo::groups(GROUPS))).collect(),
        deleted: happens(),
        empty: happens(),
        refused: happens(),
        silent: happens(),
    });
    let (api, reached) = Arc::clone(&world).serve();
    let scratch = Scratch::new();
    scratch.write("apps", &(0..APPS).fold(String::new(), |text, n| text + &name(n) + "\n"));
    let mut job = Job { api, reached, scratch, seen: 0 };
    let mut expected = Vec::new();
    let mut found = Vec::new();
    println!("| morning | exit code | changes | last line on stderr |\n|---|---|---|---|");

    let sunday = job.runs("Sunday: the first run");
    assert_eq!((sunday.code, &*sunday.last_line, sunday.changes.len()), (Some(0), "", 0));

    expected.extend(world.change(0));
    let monday = job.runs("Monday: nothing is wrong");
    assert_eq!((monday.code, &*monday.last_line, monday.changes.len()), (Some(0), "", 3 * APPS));
    found.extend(monday.changes);

    expected.extend(world.change(1));
    world.deleted.store(true, Ordering::SeqCst);
    let tuesday = job.runs("Tuesday: app-03 is deleted");
    assert_eq!((tuesday.code, tuesday.changes.len()), (Some(4), 3 * (APPS - 1)));
    assert_eq!(tuesday.last_line, "gupshup-groups: 19 apps, 57 changes reported, 1 failed: app-03");
    found.extend(tuesday.changes);
    // The operator takes it off the list. It never had its changes of this night.
    expected.retain(|change| !change.starts_with("app-03 ") || found.contains(change));
    job.scratch
        .write("apps", &(0..APPS).filter(|n| *n != DELETED).fold(String::new(), |text, n| text + &name(n) + "\n"));
    let live = |changes: Vec<String>| changes.into_iter().filter(|change| !change.starts_with("app-03 "));

    expected.extend(live(world.change(2)));
    world.empty.store(true, Ordering::SeqCst);
    let wednesday = job.runs("Wednesday: app-07 answers with an empty list");
    assert_eq!((wednesday.code, wednesday.changes.len()), (Some(8), 3 * (APPS - 2)));
    assert_eq!(wednesday.last_line, "gupshup-groups: 18 apps, 54 changes reported, 1 failed: app-07");
    found.extend(wednesday.changes);

    expected.extend(live(world.change(3)));
    world.empty.store(false, Ordering::SeqCst);
    world.refused.store(true, Ordering::SeqCst);
    let thursday = job.runs("Thursday: app-11 answers 401");
    assert_eq!((thursday.code, thursday.changes.len()), (Some(4), 3 * (APPS - 2) + 3), "also app-07's of Wednesday");
    assert_eq!(thursday.last_line, "gupshup-groups: 18 apps, 57 changes reported, 1 failed: app-11");
    found.extend(thursday.changes);

    expected.extend(live(world.change(4)));
    world.refused.store(false, Ordering::SeqCst);
    world.silent.store(true, Ordering::SeqCst);
    let friday = job.is_killed("Friday: the machine stops");
    assert_eq!((friday.code, &*friday.last_line), (None, ""));
    found.extend(friday.changes);

    expected.extend(live(world.change(5)));
    world.silent.store(false, Ordering::SeqCst);
    let saturday = job.runs_on_a_full_disk("Saturday: the disk is full");
    assert_eq!(saturday.code, Some(6));
    assert!(saturday.last_line.contains("state: "), "{}", saturday.last_line);
    found.extend(saturday.changes);

    let sunday = job.runs("Sunday: nothing is wrong");
    assert_eq!((sunday.code, &*sunday.last_line), (Some(0), ""));
    found.extend(sunday.changes);
    let quiet = job.runs("Monday: nothing has changed");
    assert_eq!((quiet.code, &*quiet.last_line, quiet.changes.len()), (Some(0), "", 0));

    let repeated: Vec<_> = counted(&found).into_iter().filter(|(_, times)| *times > 1).collect();
    println!("{} changes, of which {} were reported twice", expected.len(), repeated.len());
    assert_eq!(counted(&found).keys().collect::<Vec<_>>(), counted(&expected).keys().collect::<Vec<_>>());
    let db = Connection::open(job.scratch.path("state")).unwrap();
    for (n, list) in world.lists.iter().enumerate().filter(|(n, _)| *n != DELETED) {
        let mut active = db.prepare("SELECT id FROM active_groups WHERE app_id = ?1").unwrap();
        let active = active.query_map([name(n)], |row| row.get::<_, String>(0)).unwrap();
        let mut active: Vec<_> = active.map(Result::unwrap).collect();
        let mut living: Vec<_> = list.groups().into_iter().map(|group| group.id).collect();
        active.sort();
        living.sort();
        assert_eq!(active, living, "{}", name(n));
    }
}
