//! The key, the address and the apps.

use std::env::{self, VarError};
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;
use std::{fs, iter};

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, ClientBuilder, ListGroups, RetryPolicy};

use crate::args::AccountOptions;
use crate::demo::{self, DemoServer};
use crate::exit::{Exit, Failure};
use crate::message;
use crate::say::{Verbosity, say};

const KEY: &str = "GUPSHUP_API_KEY";
const APP: &str = "GUPSHUP_APP_ID";
const URL: &str = "GUPSHUP_API_URL";

/// The commands of `watch --on-change` do not get this variable.
pub(crate) const SECRET: &str = KEY;

/// The apps of an account, or the demo.
pub(crate) struct Account {
    client: Client,
    apps: Vec<String>,
    page_size: Option<u32>,
    pub(crate) verbosity: Verbosity,
    /// Stops when it is dropped.
    demo: Option<DemoServer>,
}

impl Account {
    /// The account that the options and the environment name. `demo_list` makes the list of the demo.
    pub(crate) fn open(options: &AccountOptions, demo_list: impl FnOnce() -> FakeGroups) -> Result<Self, Failure> {
        let (builder, apps, demo) = if options.demo {
            let server = DemoServer::start(demo_list())
                .map_err(|error| Failure::new(Exit::File, format!("could not start the demo server: {error}")))?;
            say("this is a demo: the groups are invented and come from a server on this machine");
            (Client::builder(demo::API_KEY).base_url(server.base_url()), vec![demo::APP_ID.to_owned()], Some(server))
        } else {
            let (key, apps) = credentials(options)?;
            let url = options.base_url.clone().map_or_else(|| variable(URL), |url| Ok(Some(url)))?;
            let builder = Client::builder(key);
            (url.into_iter().fold(builder, ClientBuilder::base_url), apps, None)
        };
        let builder = options.rate.into_iter().fold(builder, |it, rate| it.rate_limit(rate, Duration::from_secs(1)));
        let builder = options.timeout.into_iter().fold(builder, |it, time| it.timeout(time).retry(retries(time)));
        let client = builder.build().map_err(|error| message::refused_settings(&error))?;
        let verbosity = Verbosity { quiet: options.quiet };
        Ok(Self { client, apps, page_size: options.page_size, verbosity, demo })
    }

    /// Each once.
    pub(crate) fn apps(&self) -> &[String] {
        &self.apps
    }

    /// Whether a line of a table must name its app.
    pub(crate) fn has_several_apps(&self) -> bool {
        self.apps.len() > 1
    }

    pub(crate) fn is_demo(&self) -> bool {
        self.demo.is_some()
    }

    /// The list of the demo, to change it.
    pub(crate) fn demo_list(&self) -> Option<&FakeGroups> {
        self.demo.as_ref().map(DemoServer::groups)
    }

    pub(crate) fn list(&self, app: &str) -> ListGroups {
        let list = self.client.groups(app);
        self.page_size.into_iter().fold(list, ListGroups::page_size)
    }
}

/// Retries for attempts of this length. Their deadline has room for three, as by default.
fn retries(timeout: Duration) -> RetryPolicy {
    const DEFAULT: Duration = Duration::from_secs(90);
    RetryPolicy::default().deadline(timeout.saturating_mul(3).max(DEFAULT))
}

/// The key and the apps. Reports everything that is missing at once.
fn credentials(options: &AccountOptions) -> Result<(String, Vec<String>), Failure> {
    let key = match &options.key_file {
        Some(path) => Some(key_from(path)?),
        None => variable(KEY)?,
    };
    let mut apps = options.apps.clone();
    if let Some(path) = &options.apps_from {
        apps.extend(apps_from(path)?);
    }
    if options.apps.is_empty() && options.apps_from.is_none() {
        apps.extend(variable(APP)?);
    }
    let apps = distinct(apps);
    let missing: Vec<_> = iter::empty()
        .chain(key.is_none().then(|| format!("no API key: set {KEY} or give --key-file")))
        .chain(apps.is_empty().then(|| format!("no app: set {APP} or give --app or --apps-from")))
        .collect();
    match key {
        Some(key) if missing.is_empty() => Ok((key, apps)),
        _ => Err(Failure::new(
            Exit::NoCredentials,
            format!("{}; to try the program on invented groups, give --demo", missing.join("; ")),
        )),
    }
}

/// An empty value counts as unset.
fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Failure::new(Exit::NoCredentials, format!("the variable {name} is not Unicode: set it again")))
        }
    }
}

fn key_from(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
    match text.trim() {
        "" => Err(Failure::file(path, &"the file with the API key is empty")),
        key => Ok(key.to_owned()),
    }
}

fn apps_from(path: &Path) -> Result<Vec<String>, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::file(path, &error))?;
    Ok(app_ids(&text))
}

/// One id per line. A byte order mark, which Windows editors write, is ignored.
fn app_ids(text: &str) -> Vec<String> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn distinct(apps: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    apps.into_iter().filter(|app| seen.insert(app.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_apps_has_an_id_a_line_and_comments() {
        assert_eq!(app_ids("\u{feff}# all apps\r\na\r\n\r\n  b \n#c\n"), ["a", "b"]);
        assert_eq!(app_ids(""), [""; 0]);
    }

    #[test]
    fn no_deadline_ends_an_attempt_before_its_timeout() {
        let seconds = Duration::from_secs;
        assert_eq!(retries(seconds(120)), RetryPolicy::default().deadline(seconds(360)));
        assert_eq!(retries(seconds(30)), RetryPolicy::default());
        assert_eq!(retries(seconds(1)), RetryPolicy::default());
        assert_eq!(retries(Duration::MAX), RetryPolicy::default().deadline(Duration::MAX));
    }

    #[test]
    fn an_app_that_is_named_twice_is_listed_once() {
        let apps = ["b", "a", "b"].map(str::to_owned).to_vec();
        assert_eq!(distinct(apps), ["b", "a"]);
    }
}
