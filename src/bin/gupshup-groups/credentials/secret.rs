//! A key or token from a file or a command: what was read, not yet how it is sent.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Deserialize;

use crate::exit::Failure;
use crate::input;

/// A file is read again after this time, so that a new token in it is used before the API refuses the old one.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// Its `Debug` must not show the text, so it has none.
pub(super) struct Secret {
    pub(super) text: String,
    /// When it is to be fetched again.
    pub(super) expires_at: Option<SystemTime>,
}

/// The output of a command, if it is JSON.
#[derive(Deserialize)]
struct Answer {
    token: String,
    expires_at: Option<Expiry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expiry {
    Seconds(i64),
    Time(Timestamp),
}

/// Reads a file. Its text may have a byte order mark and white space around it.
pub(super) fn read(path: &Path, what: &str) -> Result<Secret, Failure> {
    let text = input::text(path)?;
    match input::trim(&text) {
        "" => Err(Failure::file(
            path,
            format_args!("the file with the {what} is empty"),
            format!("write the {what} into it"),
        )),
        text => Ok(Secret { text: text.to_owned(), expires_at: None }),
    }
}

/// Reads a file in a thread that may block. `Err`: what went wrong.
pub(super) async fn read_again(path: PathBuf, what: &'static str) -> Result<Secret, String> {
    let read = tokio::task::spawn_blocking(move || read(&path, what)).await;
    let secret = read.map_err(|error| error.to_string())?.map_err(|failure| failure.to_string())?;
    Ok(Secret { expires_at: SystemTime::now().checked_add(READ_AGAIN), ..secret })
}

/// The texts of errors do not quote the output, which holds a token.
pub(super) fn parse(text: &str) -> Result<Secret, String> {
    if text.is_empty() {
        return Err("wrote nothing to standard output: write the token there".to_owned());
    }
    if !text.starts_with('{') {
        return Ok(Secret { text: text.to_owned(), expires_at: None });
    }
    let answer: Answer = serde_json::from_str(text)
        .map_err(|_| "wrote JSON without a text `token` and, at its option, a time `expires_at`".to_owned())?;
    let expires_at = match answer.expires_at {
        None => None,
        Some(Expiry::Seconds(seconds)) => Some(
            Timestamp::from_second(seconds)
                .map_err(|_| "wrote an `expires_at` that is not a number of seconds since 1970".to_owned())?,
        ),
        Some(Expiry::Time(time)) => Some(time),
    };
    Ok(Secret { text: answer.token.trim().to_owned(), expires_at: expires_at.map(SystemTime::from) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_writes_a_token_or_json_with_its_expiry() {
        let parsed = |text| parse(text).map(|secret| (secret.text, secret.expires_at));
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(parsed("abc").unwrap(), ("abc".to_owned(), None));
        assert_eq!(parsed(r#"{"token":"abc"}"#).unwrap(), ("abc".to_owned(), None));
        assert_eq!(parsed(r#"{"token":"abc","expires_at":1800000000,"id":1}"#).unwrap().1, at(1_800_000_000));
        assert_eq!(parsed(r#"{"token":"abc","expires_at":"2027-01-15T08:00:00Z"}"#).unwrap().1, at(1_800_000_000));
    }

    #[test]
    fn an_output_that_is_no_token_is_an_error_that_does_not_quote_it() {
        for wrong in ["", "{}", r#"{"token":1}"#, r#"{"token":"abc","expires_at":"abc"}"#, r#"{"token":"abc""#] {
            let Err(problem) = parse(wrong) else { panic!("{wrong}") };
            assert!(!problem.contains("abc"), "{problem}");
        }
    }
}
