//! Keys and tokens: variables, files, commands.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gupshup_groups::testing::FakeGroups;

use crate::demo;
use crate::support::{Api, Ran, Scratch, groups_of_jsonl, output, read, run, spawn, tool};

/// A server that accepts this header only.
fn accepting(header: &'static str) -> Api {
    Api::checking(FakeGroups::new(demo::groups(7)), move |_, credential| credential == header)
}

/// The program with this server's address and no credential.
fn count(api: &Api, arguments: &[&str]) -> Command {
    let mut count = tool(&["count", "--retry-for", "1s", "--app", "app"]);
    count.args(arguments).env("GUPSHUP_API_URL", api.base_url());
    count
}

#[test]
fn a_token_is_sent_as_bearer_and_a_key_as_apikey() {
    assert_eq!(output(count(&accepting("apikey: secret"), &[]).env("GUPSHUP_API_KEY", " secret\n")), "7\n");
    let bearer = accepting("authorization: Bearer secret");
    assert_eq!(output(count(&bearer, &[]).env("GUPSHUP_TOKEN", "\u{feff}secret\r\n")), "7\n");
    let scratch = Scratch::new();
    let file = scratch.write("token", "\u{feff}secret\r\n");
    assert_eq!(output(&mut count(&bearer, &["--token-file", &file])), "7\n");
    assert_eq!(output(&mut count(&bearer, &["--token-command", "echo secret"])), "7\n");
    let json = r#"echo '{"token":"secret","expires_at":"2099-01-01T00:00:00Z"}'"#;
    assert_eq!(output(&mut count(&bearer, &["--token-command", json])), "7\n");
}

#[test]
fn the_partner_api_gets_the_token_as_it_is() {
    for text in ["secret", "Bearer secret"] {
        let header: &'static str = format!("authorization: {text}").leak();
        assert_eq!(output(count(&accepting(header), &["--partner"]).env("GUPSHUP_TOKEN", text)), "7\n");
    }
    let ran = run(count(&accepting(""), &["--partner"]).env("GUPSHUP_API_KEY", "key"));
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("no token: set GUPSHUP_TOKEN"), "{}", ran.err);
}

#[test]
fn standard_input_may_hold_the_key_or_the_token_but_not_the_apps_too() {
    for (option, header) in [("--key-file", "apikey: secret"), ("--token-file", "authorization: Bearer secret")] {
        let api = accepting(header);
        let mut child = spawn(count(&api, &[option, "-"]).stdin(Stdio::piped()));
        child.stdin.take().unwrap().write_all("\u{feff}secret\r\n".as_bytes()).unwrap();
        assert_eq!(Ran::from(child.wait_with_output().unwrap()).out, "7\n");
        let ran = run(&mut count(&api, &[option, "-", "--apps-from", "-"]));
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("standard input can be read only once"), "{}", ran.err);
    }
}

#[test]
fn only_one_credential_is_accepted() {
    let ran = run(count(&accepting(""), &[]).envs([("GUPSHUP_API_KEY", "key"), ("GUPSHUP_TOKEN", "token")]));
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    assert!(ran.err.contains("both GUPSHUP_API_KEY and GUPSHUP_TOKEN are set: unset one"), "{}", ran.err);
    for pair in [["--key-file", "--token-file"], ["--token-file", "--token-command"], ["--key-file", "--token-command"]]
    {
        assert_eq!(run(&mut count(&accepting(""), &[pair[0], "a", pair[1], "b"])).code, Some(2));
    }
}

/// Scenario: the server refuses the token after the first listing of a watch; another program has written a new one into the
/// file. Expected: the watch goes on, and no listing fails.
#[test]
fn a_file_is_read_again_after_the_api_has_refused_its_token() {
    let scratch = Scratch::new();
    let (file, state) = (scratch.write("token", "old"), scratch.name("state"));
    let asked = AtomicUsize::new(0);
    let renewed = file.clone();
    let api = Api::checking(FakeGroups::new(demo::groups(7)), move |_, credential| {
        if asked.fetch_add(1, Ordering::SeqCst) < 4 {
            return credential == "authorization: Bearer old";
        }
        if credential == "authorization: Bearer old" {
            fs::write(&renewed, "new").unwrap();
        }
        credential == "authorization: Bearer new"
    });
    let mut watch =
        tool(&["watch", "--every", "1s", "--rounds", "3", "--app", "app", "--token-file", &file, "--state", &state]);
    let ran = run(watch.env("GUPSHUP_API_URL", api.base_url()));
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        !ran.err.contains("401") && ran.err.contains("listing 3: 1 app") || !ran.err.contains("failed"),
        "{}",
        ran.err
    );
    assert_eq!(read(&scratch.path("token")), "new");
}

#[test]
fn a_command_runs_once_for_each_app_and_gets_its_id() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let api = Api::checking(FakeGroups::new(demo::groups(7)), move |app, credential| {
        counted.fetch_add(1, Ordering::SeqCst);
        credential == format!("authorization: Bearer token-of-{app}")
    });
    let scratch = Scratch::new();
    let log = scratch.name("log");
    let command = format!("echo $GUPSHUP_APP_ID >> '{log}'; echo token-of-$GUPSHUP_APP_ID");
    let out = output(&mut count(&api, &["--app", "other", "--token-command", &command]));
    assert_eq!(out, "app 7\nother 7\n");
    let mut runs: Vec<_> = read(&scratch.path("log")).lines().map(str::to_owned).collect();
    runs.sort();
    assert_eq!(runs, ["app", "other"]);
    assert!(seen.load(Ordering::SeqCst) >= 4);
}

#[test]
fn a_command_that_fails_is_shown_with_its_stderr() {
    let ran = run(&mut count(&accepting(""), &["--token-command", "echo the vault is sealed >&2; exit 2"]));
    assert_eq!((ran.code, &*ran.out), (Some(3), ""), "{}", ran.err);
    assert!(
        ran.err.contains("the command of --token-command failed (exit status: 2): the vault is sealed"),
        "{}",
        ran.err
    );
}

/// Scenario: a command that cannot be run, and a user who would wait for an hour. Expected: an error at once, in every command.
#[test]
fn a_command_that_cannot_be_run_is_an_error_at_once() {
    let scratch = Scratch::new();
    let state = scratch.name("state");
    let api = accepting("");
    for command in [&["list"][..], &["count"], &["diff", "--state", &state], &["watch", "--state", &state]] {
        let file = scratch.write("not-executable", "");
        for (program, problem) in [("no-such-program", "not found"), (&*file, "ermission denied")] {
            let mut tool = tool(command);
            tool.args(["--retry-for", "1h", "--app", "app", "--token-command", program]);
            let ran = run(tool.env("GUPSHUP_API_URL", api.base_url()));
            assert_eq!((ran.code, &*ran.out), (Some(3), ""), "{}", ran.err);
            assert!(ran.err.contains("the command of --token-command failed (exit status: 12"), "{}", ran.err);
            assert!(ran.err.contains(problem) && !ran.err.contains("attempts"), "{}", ran.err);
        }
    }
}

#[test]
fn a_command_that_fails_for_a_short_time_is_repeated() {
    let scratch = Scratch::new();
    let log = scratch.name("log");
    let command = format!("echo >> '{log}'; [ $(wc -l < '{log}') -gt 2 ] || exit 1; echo secret");
    let api = accepting("authorization: Bearer secret");
    let mut patient = tool(&["count", "--retry-for", "1m", "--app", "app", "--token-command", &command]);
    let ran = run(patient.env("GUPSHUP_API_URL", api.base_url()));
    assert_eq!((ran.code, &*ran.out), (Some(0), "7\n"), "{}", ran.err);
    assert_eq!(read(&scratch.path("log")).lines().count(), 3);
}

/// Scenario: the API stops accepting the first token after three requests. Expected: the command runs once more, and the list
/// is complete.
#[test]
fn a_token_that_expires_during_a_run_is_renewed_and_the_list_is_complete() {
    let asked = AtomicUsize::new(0);
    let api = Api::checking(FakeGroups::new(demo::groups(200)), move |_, credential| {
        let expired = asked.fetch_add(1, Ordering::SeqCst) >= 3;
        credential == if expired { "authorization: Bearer token-2" } else { "authorization: Bearer token-1" }
    });
    let scratch = Scratch::new();
    let log = scratch.name("log");
    let command = format!("echo >> '{log}'; echo token-$(wc -l < '{log}')");
    let mut list =
        tool(&["list", "--format", "jsonl", "--page-size", "25", "--app", "app", "--token-command", &command]);
    let ran = run(list.env("GUPSHUP_API_URL", api.base_url()));
    assert_eq!((ran.code, groups_of_jsonl(&ran.out)), (Some(0), demo::groups(200)), "{}", ran.err);
    assert_eq!(read(&scratch.path("log")).lines().count(), 2);
}

#[test]
fn a_file_that_is_missing_or_empty_is_an_error_before_any_request() {
    let scratch = Scratch::new();
    let api = accepting("");
    for option in ["--key-file", "--token-file"] {
        let ran = run(&mut count(&api, &[option, &scratch.name("missing")]));
        assert_eq!(ran.code, Some(6), "{}", ran.err);
        assert!(ran.err.contains("missing: the file does not exist"), "{}", ran.err);
        let ran = run(&mut count(&api, &[option, &scratch.write("empty", "\u{feff}\n")]));
        assert_eq!(ran.code, Some(6), "{}", ran.err);
        assert!(ran.err.contains("the file with the") && ran.err.contains("is empty"), "{}", ran.err);
    }
}

/// Scenario: a token is replaced during a run; then the API refuses a request, and repeats both in its message; the command
/// writes them to stderr and fails. Expected: neither is printed, however much is.
#[test]
fn neither_a_token_nor_the_one_it_replaced_is_printed() {
    const TOKENS: [&str; 2] = ["s3cret-token-number-1", "s3cret-token-number-2"];
    let scratch = Scratch::new();
    let (log, state) = (scratch.name("log"), scratch.name("state"));
    let prints = format!("echo >> '{log}'; printf s3cret-token-number-$(wc -l < '{log}')");
    let fails = format!("echo {0} | tee /dev/stderr; echo Bearer {1} >&2; exit 1", TOKENS[0], TOKENS[1]);
    for command in [
        &["list", "--verbose"][..],
        &["list", "--errors", "json"],
        &["count", "--quiet"],
        &["diff", "--verbose", "--state", &state],
        &["watch", "--verbose", "--state", &state],
    ] {
        for (token_command, time, code) in [(&prints, "10s", 4), (&fails, "1ms", 3)] {
            scratch.write("log", "");
            let api = Api::serving(|_, credential| {
                if credential == format!("authorization: Bearer {}", TOKENS[1]) {
                    return (400, format!(r#"{{"message":"{} and {} are no good"}}"#, TOKENS[0], TOKENS[1]));
                }
                (401, format!(r#"{{"message":"{} is no good"}}"#, TOKENS[0]))
            });
            let mut tool = tool(command);
            tool.args(["--retry-for", time, "--app", "app", "--token-command", token_command]);
            let ran = run(tool.envs([("GUPSHUP_API_URL", &*api.base_url()), ("RUST_LOG", "trace")]));
            assert_eq!(ran.code, Some(code), "{}", ran.err);
            assert!(ran.err.contains("***"), "{}", ran.err);
            for token in TOKENS {
                assert!(!ran.err.contains(token) && !ran.out.contains(token), "{}", ran.err);
            }
        }
    }
    for name in scratch.names() {
        let text = String::from_utf8_lossy(&fs::read(scratch.path(&name)).unwrap()).into_owned();
        assert!(!text.contains("s3cret"), "{name}");
    }
}

/// Scenario: everything that can be printed is, with a token that the server refuses and repeats. Expected: it is nowhere.
#[test]
fn no_secret_is_printed_or_given_as_an_argument() {
    let api = Api::checking(FakeGroups::new(demo::groups(7)), |_, _| false);
    let scratch = Scratch::new();
    let file = scratch.write("token", "s3cret-token");
    let (log, state) = (scratch.name("log"), scratch.name("state"));
    let command = format!("cat '{file}'; tr '\\0' '\\n' < /proc/$PPID/cmdline > '{log}'");
    for arguments in [&["--token-file", &*file][..], &["--token-command", &command], &["--key-file", &file]] {
        for more in [&["--verbose"][..], &["--errors", "json"]] {
            let mut diff = tool(&["diff", "--retry-for", "1s", "--app", "app", "--state", &state]);
            let ran = run(diff.args(arguments).args(more).env("GUPSHUP_API_URL", api.base_url()));
            assert_eq!(ran.code, Some(4), "{}", ran.err);
            assert!(!ran.err.contains("s3cret-token") && !ran.out.contains("s3cret-token"), "{}", ran.err);
        }
    }
    assert!(!read(&scratch.path("log")).contains("s3cret-token"));
    assert!(!String::from_utf8_lossy(&fs::read(&state).unwrap()).contains("s3cret-token"));
}
