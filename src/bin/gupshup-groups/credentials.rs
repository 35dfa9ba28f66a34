//! Where the key or token comes from.

use std::path::PathBuf;

use gupshup_groups::{Client, ClientBuilder};

use crate::args::CredentialOptions;
use crate::exit::{Exit, Failure};
use crate::input;

const KEY: &str = "GUPSHUP_API_KEY";
const TOKEN: &str = "GUPSHUP_TOKEN";

/// Commands that the program runs do not get these variables.
pub(crate) const SECRETS: [&str; 2] = [KEY, TOKEN];

/// Where the key or token comes from.
pub(crate) enum Source {
    Key(String),
    KeyFile(PathBuf),
}

/// What the options and the environment name, or what is missing.
pub(crate) fn source(options: &CredentialOptions) -> Result<Result<Source, String>, Failure> {
    if let Some(path) = &options.key_file {
        return Ok(Ok(Source::KeyFile(path.clone())));
    }
    Ok(match input::variable(KEY)? {
        Some(key) => Ok(Source::Key(key)),
        None => Err(format!("no API key: set {KEY} or give --key-file")),
    })
}

impl Source {
    pub(crate) fn builder(self) -> Result<ClientBuilder, Failure> {
        match self {
            Self::Key(key) => Ok(Client::builder(key)),
            Self::KeyFile(path) => match input::trim(&input::text(&path)?) {
                "" => {
                    Err(Failure::new(Exit::File, format!("{}: the file with the API key is empty", path.display()), ""))
                }
                key => Ok(Client::builder(key)),
            },
        }
    }
}
