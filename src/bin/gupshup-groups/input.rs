//! What a run reads: variables, small files, standard input.

use std::env::{self, VarError};
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use crate::exit::{Exit, Failure};

pub(crate) const KEY: &str = "GUPSHUP_API_KEY";
pub(crate) const TOKEN: &str = "GUPSHUP_TOKEN";

/// Commands that the program runs do not get these variables.
pub(crate) const SECRETS: [&str; 2] = [KEY, TOKEN];

/// The value of a variable, without white space around it. An empty value counts as unset.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(trim(&value).to_owned()).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::new(Exit::NoCredentials, format!("the variable {name} is not Unicode"), "set it again"))
        }
    }
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let bytes = if is_stdin(path) {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.map_err(|error| Failure::io(path, &error))?;
    String::from_utf8(bytes).map_err(|_| Failure::io(path, &io::ErrorKind::InvalidData.into()))
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Without the byte order mark that Windows editors write, and white space around.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}
