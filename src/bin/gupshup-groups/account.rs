//! The client, the apps and the demo.

use std::time::Duration;

use gupshup_groups::testing::FakeGroups;
use gupshup_groups::{Client, ClientBuilder, DEFAULT_BASE_URL, ListGroups, PARTNER_BASE_URL, RetryPolicy};

use crate::apps::apps;
use crate::args::{AccountOptions, RequestOptions};
use crate::credentials;
use crate::demo::{self, DemoServer};
use crate::exit::{Exit, Failure};
use crate::input;
use crate::message;
use crate::say::Console;

const URL: &str = "GUPSHUP_API_URL";

/// The apps of an account, or the demo.
pub(crate) struct Account {
    client: Client,
    apps: Vec<String>,
    address: String,
    pub(crate) jobs: usize,
    page_size: Option<u32>,
    pub(crate) console: Console,
    /// Stops when it is dropped.
    demo: Option<DemoServer>,
}

impl Account {
    /// The account that the options and the environment name. `demo_list` makes the list of the demo.
    pub(crate) fn open(options: &AccountOptions, demo_list: impl FnOnce() -> FakeGroups) -> Result<Self, Failure> {
        let console = Console::new(options.messages);
        let (builder, apps, address, demo) = if options.apps.demo {
            let server = DemoServer::start(demo_list())
                .map_err(|error| Failure::new(Exit::File, format!("could not start the demo server: {error}"), ""))?;
            console.always("this is a demo: the groups are invented and come from a server on this machine");
            let builder = Client::builder(demo::API_KEY).base_url(server.base_url());
            (builder, vec![demo::APP_ID.to_owned()], "demo".to_owned(), Some(server))
        } else {
            let partner = options.credentials.partner;
            let (credentials, apps) = wanted(options)?;
            let default = if partner { PARTNER_BASE_URL } else { DEFAULT_BASE_URL };
            let url = options.requests.base_url.clone().map_or_else(|| input::variable(URL), |url| Ok(Some(url)))?;
            let address = url.unwrap_or_else(|| default.to_owned());
            (credentials.builder()?.base_url(address.clone()), apps, address, None)
        };
        let builder =
            options.requests.rate.into_iter().fold(builder, |it, rate| it.rate_limit(rate, Duration::from_secs(1)));
        let observer = console.clone();
        let builder = patient(builder, &options.requests).observer(move |attempt| observer.attempt(attempt));
        let client = builder.build().map_err(|error| message::refused_settings(&error))?;
        let page_size = options.requests.page_size;
        Ok(Self { client, apps, address, jobs: options.apps.jobs.get(), page_size, console, demo })
    }

    /// Each once.
    pub(crate) fn apps(&self) -> &[String] {
        &self.apps
    }

    /// Whether a line of a table must name its app.
    pub(crate) fn has_several_apps(&self) -> bool {
        self.apps.len() > 1
    }

    /// The address of the API, without secrets.
    pub(crate) fn address(&self) -> &str {
        &self.address
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

/// The credentials and the apps. Reports everything that is missing at once.
fn wanted(options: &AccountOptions) -> Result<(credentials::Source, Vec<String>), Failure> {
    let credentials = credentials::source(&options.credentials)?;
    let reads_apps = options.apps.apps_from.as_deref().is_some_and(input::is_stdin);
    if reads_apps && credentials.as_ref().is_ok_and(credentials::Source::is_stdin) {
        return Err(credentials::input_twice());
    }
    match (credentials, apps(&options.apps)?) {
        (Ok(credentials), Ok(apps)) => Ok((credentials, apps)),
        (credentials, apps) => {
            let missing: Vec<_> = [credentials.err(), apps.err()].into_iter().flatten().collect();
            let demo = "to try the program on invented groups, give --demo";
            Err(Failure::new(Exit::NoCredentials, missing.join("; "), demo))
        }
    }
}

/// Sets the time of attempts and retries.
fn patient(builder: ClientBuilder, options: &RequestOptions) -> ClientBuilder {
    let builder = options.timeout.into_iter().fold(builder, ClientBuilder::timeout);
    match (options.retry_for, options.timeout) {
        // The number of attempts is not what the user limits.
        (Some(time), _) => builder.retry(RetryPolicy::default().attempts(u32::MAX).deadline(time)),
        (None, Some(timeout)) => builder.retry(retries(timeout)),
        (None, None) => builder,
    }
}

/// Retries for attempts of this length: a longer deadline than by default, where that has no room for three.
fn retries(timeout: Duration) -> RetryPolicy {
    const MINUTE: Duration = Duration::from_secs(60);
    if timeout > MINUTE { RetryPolicy::default().deadline(timeout.saturating_mul(3)) } else { RetryPolicy::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_deadline_ends_an_attempt_before_its_timeout() {
        let seconds = Duration::from_secs;
        assert_eq!(retries(seconds(120)), RetryPolicy::default().deadline(seconds(360)));
        assert_eq!(retries(seconds(60)), RetryPolicy::default());
        assert_eq!(retries(Duration::MAX), RetryPolicy::default().deadline(Duration::MAX));
    }
}
