//! The promises of credentials, with a paused clock.

mod expiry;
mod failures;
mod pace;
mod secret;
mod sharing;

use std::future::ready;
use std::sync::Mutex;

use tokio::time::Instant;

use super::keeper::{App, Keeper};
use super::*;
use crate::error::{Error, Result};

pub(super) const HOUR: Duration = Duration::from_secs(3600);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn token(n: usize) -> Credential {
    Credential::bearer(format!("SECRET-{n}"))
}

pub(super) fn lives(credential: Credential, time: Duration) -> Credential {
    credential.expires_at(SystemTime::now() + time)
}

impl Credentials {
    pub(crate) fn fixed(&self) -> Option<&Credential> {
        match &self.0 {
            Origin::Fixed(credential) => Some(credential),
            Origin::Provider(_) => None,
        }
    }
}

/// Calls of a provider.
#[derive(Clone, Default)]
pub(super) struct Calls(pub(super) Arc<Mutex<Vec<Seen>>>);

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) app_id: String,
    pub(super) refused: Option<Credential>,
    pub(super) at: Instant,
}

impl Calls {
    pub(super) fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.all().len()
    }

    /// Whole seconds from `start` to each call.
    pub(super) fn seconds_after(&self, start: Instant) -> Vec<u64> {
        self.all().iter().map(|call| (call.at - start).as_secs()).collect()
    }

    /// A keeper whose provider answers call number `n`, from 1, with `answer(n)`.
    pub(super) fn keeper(&self, answer: impl Fn(usize) -> Result<Credential> + Send + Sync + 'static) -> Keeper {
        let calls = self.clone();
        let provider = move |app_id: &str, refused: Option<&Credential>| {
            let seen = Seen { app_id: app_id.to_owned(), refused: refused.cloned(), at: Instant::now() };
            let mut calls = calls.0.lock().unwrap();
            calls.push(seen);
            ready(answer(calls.len()))
        };
        Keeper::new(provider.into()).unwrap()
    }

    pub(super) fn app(&self, answer: impl Fn(usize) -> Result<Credential> + Send + Sync + 'static) -> Arc<App> {
        self.keeper(answer).app("app")
    }
}

/// The credential after the API refused this one.
pub(super) async fn renewed(app: &Arc<App>, refused: &Credential) -> Credential {
    let error = app.renew(refused, unauthorized()).await;
    assert!(error.is_renewed(), "{error:?}");
    app.get().await.unwrap()
}

/// The error of a request whose credential was refused, and for which there is no other.
pub(super) async fn not_renewed(app: &Arc<App>, refused: &Credential) -> Error {
    let error = app.renew(refused, unauthorized()).await;
    assert!(error.is_auth() && !error.is_renewed() && error.status() == Some(401), "{error:?}");
    error
}

fn unauthorized() -> Error {
    Error::api(401, None, "Authentication Failed")
}

pub(super) fn texts(app: &App) -> Vec<String> {
    app.known().iter().flat_map(|credential| credential.secrets().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// An error of a provider, in full.
pub(super) fn told(error: &Error) -> String {
    assert!(error.is_credential(), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("SECRET"), "{text}");
    text
}
