//! Keys, apps and the demo.

use gupshup_groups::testing::FakeGroups;

use crate::demo;
use crate::support::{Api, Scratch, output, run, tool};

const COMMANDS: [&[&str]; 4] = [&["list"], &["count"], &["diff", "--state", "unused"], &["watch", "--state", "unused"]];

#[test]
fn without_an_account_nothing_is_listed_and_the_error_names_the_variables() {
    for command in COMMANDS {
        let ran = run(&mut tool(command));
        assert_eq!((ran.code, &*ran.out), (Some(3), ""), "{command:?}");
        for name in ["GUPSHUP_API_KEY", "GUPSHUP_APP_ID", "--demo"] {
            assert!(ran.err.contains(name), "{command:?}: {}", ran.err);
        }
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}

#[test]
fn an_account_without_key_or_app_is_an_error() {
    let key = run(tool(&["list"]).env("GUPSHUP_API_KEY", "k"));
    assert_eq!((key.code, &*key.out), (Some(3), ""));
    assert!(key.err.contains("GUPSHUP_APP_ID") && !key.err.contains("GUPSHUP_API_KEY"), "{}", key.err);
    let app = run(tool(&["list"]).env("GUPSHUP_APP_ID", "a").env("GUPSHUP_API_KEY", ""));
    assert_eq!((app.code, &*app.out), (Some(3), ""));
    assert!(app.err.contains("GUPSHUP_API_KEY") && !app.err.contains("GUPSHUP_APP_ID"), "{}", app.err);
}

#[test]
fn the_demo_says_so_even_with_quiet_and_its_ids_begin_with_demo() {
    for quiet in [&[][..], &["--quiet"]] {
        let ran = run(tool(&["list", "--demo", "--format", "jsonl", "--max", "50"]).args(quiet));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert!(ran.err.contains("this is a demo: the groups are invented"), "{}", ran.err);
        assert_eq!(ran.out.lines().count(), 50);
        assert!(ran.out.lines().all(|line| line.starts_with(r#"{"app_id":"demo","id":"DEMO+"#)), "{}", ran.out);
    }
}

#[test]
fn the_demo_needs_no_certificates() {
    let mut tool = tool(&["count", "--demo"]);
    // What the system's store is on Linux; elsewhere it is not in files.
    tool.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    assert_eq!(output(&mut tool), "2500\n");
}

#[test]
fn the_demo_uses_no_account() {
    let api = Api::always(500, "{}");
    assert_eq!(output(&mut api.tool(&["count", "--demo"])), "2500\n");
    for option in [["--app", "a"], ["--apps-from", "a"], ["--key-file", "a"], ["--base-url", "https://a"]] {
        let ran = run(tool(&["list", "--demo"]).args(option));
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{option:?}");
    }
}

#[test]
fn wrong_options_are_told_apart_from_other_failures() {
    let wrong: [&[&str]; 7] = [
        &[],
        &["list", "--page-size", "0"],
        &["list", "--page-size", "1025"],
        &["list", "--format", "xml"],
        &["list", "--max"],
        &["list", "--rate", "0"],
        &["list", "extra"],
    ];
    for arguments in wrong {
        let ran = run(&mut tool(arguments));
        assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{arguments:?}");
    }
    let ran = run(tool(&["list"]).envs([("GUPSHUP_API_KEY", "two words"), ("GUPSHUP_APP_ID", "a")]));
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{}", ran.err);
    assert!(!ran.err.contains("two words"), "{}", ran.err);
}

#[test]
fn the_key_may_come_from_a_file() {
    let api = Api::start(FakeGroups::new(demo::groups(7)));
    let scratch = Scratch::new();
    let file = scratch.write("key", &format!("{}\n", demo::API_KEY));
    let count = |file: &str| run(api.tool(&["count", "--key-file", file]).env("GUPSHUP_API_KEY", "another"));
    assert_eq!(count(&file).out, "7\n");

    let ran = count(&scratch.write("empty", "\n"));
    assert_eq!((ran.code, &*ran.out), (Some(6), ""));
    assert!(ran.err.contains("the file with the API key is empty"), "{}", ran.err);
    assert_eq!(count(&scratch.name("missing")).code, Some(6));
}

#[test]
fn a_wrong_key_is_refused_and_not_shown() {
    let api = Api::start(FakeGroups::new(demo::groups(7)));
    for command in ["list", "count"] {
        let ran = run(api.tool(&[command]).env("GUPSHUP_API_KEY", "sk_wrong"));
        assert_eq!((ran.code, &*ran.out), (Some(4), ""), "{}", ran.err);
        assert!(
            ran.err.contains("401 Authentication Failed") && ran.err.contains("check the key or token"),
            "{}",
            ran.err
        );
        assert!(!ran.err.contains("sk_wrong"), "{}", ran.err);
    }
}

#[test]
fn a_wrong_app_is_refused_and_named() {
    let api = Api::start(FakeGroups::new(demo::groups(7)));
    let ran = run(&mut api.tool(&["list", "--app", "no-such-app"]));
    assert_eq!((ran.code, &*ran.out), (Some(4), ""), "{}", ran.err);
    assert!(
        ran.err.contains("no-such-app")
            && ran.err.contains("404 App not found")
            && ran.err.contains("check the app's id"),
        "{}",
        ran.err
    );
}

#[test]
fn an_unreachable_or_failing_server_is_a_transient_failure() {
    let ran = run(tool(&["count", "--retry-for", "1s", "--base-url", "http://127.0.0.1:9", "--app", "a"])
        .env("GUPSHUP_API_KEY", "k"));
    assert_eq!((ran.code, &*ran.out), (Some(5), ""), "{}", ran.err);
    assert!(ran.err.contains("could not connect (Connection refused"), "{}", ran.err);
    assert!(ran.err.contains("check the network and --base-url, then run again"), "{}", ran.err);

    let ran = run(&mut Api::always(200, "<html>").tool(&["list", "--format", "csv"]));
    assert_eq!((ran.code, &*ran.out), (Some(5), ""), "{}", ran.err);
    let ran = run(&mut Api::always(503, "{}").tool(&["list", "--retry-for", "1s"]));
    assert_eq!((ran.code, &*ran.out), (Some(5), ""), "{}", ran.err);
    assert!(ran.err.contains("503") && ran.err.contains("run again later"), "{}", ran.err);
}

#[test]
fn a_page_that_is_too_large_says_so_without_words_of_the_library() {
    let ran = run(&mut Api::always(200, " ".repeat(9 * 1024 * 1024).leak()).tool(&["count"]));
    assert_eq!((ran.code, &*ran.out), (Some(5), ""), "{}", ran.err);
    assert!(ran.err.ends_with("request smaller pages: --page-size 100\n") && !ran.err.contains('`'), "{}", ran.err);
}

/// Scenario: each request makes the cursors expire. Expected: nothing is to be corrected, and the next run may succeed.
#[test]
fn a_list_that_changes_too_often_is_a_transient_failure() {
    let list = FakeGroups::new(demo::groups(60)).on_request(|_, list| list.expire_cursors());
    let api = Api::start(list);
    let scratch = Scratch::new();
    for command in [
        &["list", "--page-size", "10"][..],
        &["count", "--page-size", "10"],
        &["diff", "--page-size", "10", "--state", &scratch.name("state")],
    ] {
        let ran = run(&mut api.tool(command));
        assert_eq!(ran.code, Some(5), "{}", ran.err);
        assert!(ran.err.contains("the list changes too often: run again later"), "{}", ran.err);
    }
}

#[test]
fn an_app_that_fails_does_not_stop_the_others() {
    let api = Api::start_apps([("a", FakeGroups::new(demo::groups(2))), ("c", FakeGroups::new(demo::groups(3)))]);
    let scratch = Scratch::new();
    let apps = scratch.write("apps", "# ours\na\nb\nc\na\n");
    let ran = run(&mut api.tool(&["count", "--apps-from", &apps]));
    assert_eq!((ran.code, &*ran.out), (Some(4), "a 2\nc 3\n"), "{}", ran.err);

    let ids = std::fs::File::open(apps).unwrap();
    let piped = run(api.tool(&["count", "--apps-from", "-"]).stdin(ids));
    assert_eq!((piped.code, piped.out), (ran.code, ran.out));

    let ran = run(&mut api.tool(&["list", "--app", "a", "--app", "b", "--app", "c"]));
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    let apps: Vec<_> = ran.out.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(apps, ["a", "a", "c", "c", "c"]);
    assert!(ran.err.contains("app b: "), "{}", ran.err);
}
