//! Many apps, and `--errors json`.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use gupshup_groups::testing::FakeGroups;
use serde_json::Value;

use crate::demo;
use crate::support::{Api, PATIENCE, Scratch, output, run};

/// Scenario: the first app answers only after three others were asked. Expected: the output is in the order of the apps, with
/// --jobs of them at the same time.
#[test]
fn apps_are_listed_at_the_same_time_and_written_in_their_order() {
    let (ask, asked) = mpsc::channel();
    let asked = std::sync::Mutex::new(asked);
    let first = FakeGroups::new(demo::groups(3)).on_request(move |_, _| {
        let asked = asked.lock().unwrap();
        for _ in 0..3 {
            asked.recv_timeout(PATIENCE).expect("the others are listed meanwhile");
        }
    });
    let other = || {
        let ask = ask.clone();
        FakeGroups::new(demo::groups(2)).on_request(move |_, _| ask.send(()).unwrap())
    };
    let api = Api::start_apps([("a", first), ("b", other()), ("c", other()), ("d", other())]);
    let scratch = Scratch::new();
    let apps = scratch.write("apps", "a\nb\nc\nd\n");
    let text = output(&mut api.tool(&["list", "--jobs", "4", "--apps-from", &apps]));
    let named: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(named, ["a", "a", "a", "b", "b", "c", "c", "d", "d"]);
}

#[test]
fn no_more_than_jobs_apps_are_listed_at_the_same_time() {
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let list = || {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        FakeGroups::new(demo::groups(2)).on_request(move |_, _| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
            now.fetch_sub(1, Ordering::SeqCst);
        })
    };
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let api = Api::start_apps(names.map(|name| (name, list())));
    let scratch = Scratch::new();
    let apps = scratch.write("apps", &names.join("\n"));
    for command in ["list", "count"] {
        output(&mut api.tool(&[command, "--jobs", "2", "--apps-from", &apps]));
    }
    assert!(most.load(Ordering::SeqCst) <= 2, "{most:?}");
}

#[test]
fn the_last_line_counts_the_apps_and_names_those_that_failed() {
    let api = Api::start_apps([("a", FakeGroups::new(demo::groups(2))), ("c", FakeGroups::new(demo::groups(3)))]);
    let scratch = Scratch::new();
    let apps = scratch.write("apps", "a\nb\nc\nd");
    for command in [&["list"][..], &["count"], &["diff", "--state", &scratch.name("s")]] {
        for quiet in [&[][..], &["--quiet"]] {
            let ran = run(api.tool(command).args(["--apps-from", &apps]).args(quiet));
            assert_eq!(ran.code, Some(4), "{}", ran.err);
            assert!(ran.err.ends_with("gupshup-groups: 2 apps, 2 failed: b, d\n"), "{}", ran.err);
        }
    }
}

#[test]
fn with_errors_json_stderr_is_one_object_an_error() {
    let api = Api::start_apps([("a", FakeGroups::new(demo::groups(2)))]);
    let scratch = Scratch::new();
    let apps = scratch.write("apps", "a\nb\nc");
    let ran = run(&mut api.tool(&["list", "--errors", "json", "--apps-from", &apps]));
    assert_eq!((ran.code, ran.out.lines().count()), (Some(4), 2), "{}", ran.err);
    let errors: Vec<Value> = ran.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(errors.len(), 2);
    for (error, app) in errors.iter().zip(["b", "c"]) {
        assert_eq!(
            (&error["kind"], &error["app_id"], &error["status"]),
            (&"not_found".into(), &app.into(), &404.into())
        );
        let names: HashSet<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, HashSet::from(["kind", "app_id", "status", "code", "trace_id", "message", "advice"]));
        assert!(error["advice"].as_str().unwrap().starts_with("check the app's id"), "{error}");
    }
    for wrong in [&["list", "--errors=json", "--nonsense"][..], &["diff", "--errors", "json", "--state", "no/dir"]] {
        let ran = run(&mut api.tool(wrong));
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
    }
}

#[test]
fn verbose_shows_every_attempt() {
    let api = Api::start(FakeGroups::new(demo::groups(60)));
    let ran = run(&mut api.tool(&["list", "--verbose", "--page-size", "25"]));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.err.matches("app demo: page of 25 groups, attempt 1, ").count(), 3, "{}", ran.err);
}
