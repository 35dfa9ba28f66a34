//! `--token-command`.

use std::process::Stdio;

use gupshup_groups::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::secret::{self, Secret};
use crate::apps::APP;
use crate::hook;
use crate::input::{self, SECRETS};
use crate::output::one_line;

const NAME: &str = "the command of --token-command";

/// How much of a command's output is read. It is then closed, which ends most commands.
const MAX_READ: u64 = 64 * 1024;

/// How much of a command's stderr is shown: its end, since most commands write the reason last.
const MAX_SHOWN: usize = 500;

/// Words of this length are masked if they look like a secret.
const LONG: usize = 20;

/// Exit statuses of the shell: the command cannot be run, or does not exist.
const CANNOT_RUN: [i32; 2] = [126, 127];

/// Runs the command for the token of an app. An error is to be retried, unless the command cannot be run.
pub(super) async fn run(command: &str, app: &str) -> Result<Secret, Error> {
    let again = |problem: String| Error::transport(format!("{NAME} {problem}"));
    let mut child = hook::shell(command)
        .env(APP, app)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Error::other(format!("{NAME} does not start: {error}")))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::join!(start_of(out), start_of(err));
    let status = child.wait().await.map_err(|error| again(format!("cannot be waited for: {error}")))?;
    if !status.success() {
        let (out, err) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&err));
        let problem = format!("failed ({status}): {}", shown(&err, &out, app));
        let cannot_run = status.code().is_some_and(|code| CANNOT_RUN.contains(&code));
        return Err(if cannot_run { Error::other(format!("{NAME} {problem}")) } else { again(problem) });
    }
    let text = String::from_utf8(out).map_err(|_| again("wrote something that is not UTF-8".to_owned()))?;
    secret::parse(input::trim(&text)).map_err(again)
}

async fn start_of(output: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut start = Vec::new();
    if let Some(output) = output {
        // What was read before an error is what there is.
        let _ = output.take(MAX_READ).read_to_end(&mut start).await;
    }
    start
}

/// The end of a command's stderr, without secrets: what it wrote to its standard output, the variables with credentials, and
/// long words with letters and digits that are not the app's id.
fn shown(err: &str, out: &str, app: &str) -> String {
    let variables = SECRETS.iter().filter_map(|name| input::variable(name).ok().flatten());
    let own = out.split(|c: char| !is_of_secret(c)).map(str::to_owned);
    let secrets: Vec<String> = own.chain(variables).filter(|secret| secret.len() >= 6).collect();
    let literal = secrets.iter().fold(err.trim().to_owned(), |text, secret| text.replace(secret, "***"));
    let mut text = String::with_capacity(literal.len());
    for word in literal.split_inclusive(|c: char| !is_of_secret(c)) {
        let (word, end) = word.split_at(word.trim_end_matches(|c: char| !is_of_secret(c)).len());
        let has = |what: fn(char) -> bool| word.contains(what);
        let is_secret = word.len() >= LONG && word != app && has(char::is_numeric) && has(char::is_alphabetic);
        text.push_str(if is_secret { "***" } else { word });
        text.push_str(end);
    }
    let text = one_line(&text);
    match text.char_indices().rev().nth(MAX_SHOWN) {
        _ if text.is_empty() => "it wrote nothing to stderr".to_owned(),
        Some((at, _)) => format!("…{}", &text[at..]),
        None => text,
    }
}

/// The characters of base64, hexadecimal numbers and UUIDs. A JWT has three such words.
fn is_of_secret(c: char) -> bool {
    c.is_alphanumeric() || "+_-~".contains(c)
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    async fn failure(command: &str) -> (String, bool) {
        let error = run(command, "app-1").await.err().unwrap();
        (error.source().unwrap().to_string(), error.is_retryable())
    }

    #[tokio::test]
    async fn the_command_gets_the_app_and_its_output_is_the_token() {
        assert_eq!(run("printf ' %s\\n' token-of-$GUPSHUP_APP_ID", "app-1").await.ok().unwrap().text, "token-of-app-1");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_shown_with_its_stderr_and_retried() {
        let (text, is_retryable) = failure("echo no entry for $GUPSHUP_APP_ID >&2; exit 3").await;
        assert_eq!(text, "the command of --token-command failed (exit status: 3): no entry for app-1");
        assert!(is_retryable);
        assert!(failure("false").await.0.ends_with("it wrote nothing to stderr"));
        let (text, is_retryable) = failure("true").await;
        assert!(text.contains("wrote nothing to standard output") && is_retryable, "{text}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_command_that_cannot_be_run_is_not_retried() {
        for (command, problem) in [("no-such-command-1", "not found"), ("/dev/null", "ermission denied")] {
            let (text, is_retryable) = failure(command).await;
            assert!(text.contains(problem) && !is_retryable, "{text}");
        }
    }

    #[test]
    fn what_a_command_writes_to_stderr_is_shown_without_secrets() {
        for (err, out, expected) in [
            ("+ token=abcdef\n+ exit 1", "abcdef\n", "+ token=***\\n+ exit 1"),
            ("got abcdef: refused", r#"{"token":"abcdef"}"#, "got ***: refused"),
            (
                "GET https://vault.example.com:8200/v1/secret: 403",
                "",
                "GET https://vault.example.com:8200/v1/secret: 403",
            ),
            ("old eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x", "", "old ***.***.x"),
            (
                "app 3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10: no token",
                "",
                "app 3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10: no token",
            ),
            ("an-ordinary-hyphenated-word", "", "an-ordinary-hyphenated-word"),
        ] {
            assert_eq!(shown(err, out, "3f2b8c1e-0d5a-4c7e-9a51-6f0c2f9d7b10"), expected);
        }
        let long = format!("{} the end", "word ".repeat(1_000));
        let text = shown(&long, "", "a");
        assert!(text.starts_with('…') && text.ends_with(" the end") && text.chars().count() <= MAX_SHOWN + 2, "{text}");
    }

    /// Scenario: a command that writes for ever. Expected: it is an error, and not all memory.
    #[cfg(unix)]
    #[tokio::test]
    async fn the_output_of_a_command_is_bounded() {
        assert!(failure("exec yes word >&2").await.0.contains("failed (signal: 13"));
    }
}
