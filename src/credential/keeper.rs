//! Keeps the credential of each app: one call of the provider for all who wait, renewed before it expires.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Credential, Credentials, Origin, Provide};
use crate::error::{Error, Result};

/// The longest call of a provider, and the longest wait for its turn: as long as the default attempt, since most providers
/// make one request.
const LIMIT: Duration = Duration::from_secs(30);
/// A credential is renewed this long before its expiry, or a tenth of its remaining life: see [`super::CredentialProvider`].
const MARGIN: Duration = Duration::from_secs(60);
/// From one call to the next, whatever the result.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);
/// From a credential to the next call, by the number of renewed credentials in a row that were refused fresh.
const INTERVALS: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(600), Duration::from_secs(3600)];
/// A credential that is refused at this age was most likely never accepted.
const FRESH: Duration = Duration::from_secs(60);
/// How many replaced credentials of an app are remembered. Texts that show one arrive within minutes.
const MAX_REPLACED: usize = 4;

const NO_OTHER: &str =
    "the API refuses what the credential provider returns: check the provider, and that its account owns the app";

/// The credentials of a client.
pub(crate) struct Keeper {
    origin: Origin,
    /// Those of a provider. An entry stays as long as the client: a few hundred bytes, and its credentials.
    apps: Mutex<HashMap<String, Arc<App>>>,
}

impl Keeper {
    /// `is_config` if a fixed credential cannot be used.
    pub(crate) fn new(Credentials(origin): Credentials) -> Result<Self> {
        if let Origin::Fixed(credential) = &origin {
            credential.left().map_err(Error::config)?;
        }
        Ok(Self { origin, apps: Mutex::default() })
    }

    pub(crate) fn app(&self, app_id: &str) -> Arc<App> {
        let new = |provider, kept| {
            let state =
                State { kept, replaced: VecDeque::new(), next_call: Instant::now(), fresh_refusals: 0, call: None };
            Arc::new(App { id: app_id.into(), provider, state: Mutex::new(state) })
        };
        match &self.origin {
            Origin::Fixed(credential) => new(None, Some(Kept::new(credential.clone(), Duration::MAX))),
            Origin::Provider(provider) => {
                let new = || new(Some(Arc::clone(provider)), None);
                Arc::clone(lock(&self.apps).entry(app_id.to_owned()).or_insert_with(new))
            }
        }
    }
}

/// The credential of one app.
pub(crate) struct App {
    id: Arc<str>,
    /// `None`: the credential is fixed.
    provider: Option<Arc<Provide>>,
    /// Never held across an await.
    state: Mutex<State>,
}

struct State {
    kept: Option<Kept>,
    /// Newest first.
    replaced: VecDeque<Credential>,
    /// No call begins earlier.
    next_call: Instant,
    /// How many renewed credentials in a row were refused fresh.
    fresh_refusals: usize,
    call: Option<Call>,
}

struct Kept {
    credential: Credential,
    /// On tokio's clock, as its life: a later change of the system's time does not matter.
    arrived: Instant,
    life: Duration,
    /// The API answered 401 to it.
    refused: bool,
}

/// A call of the provider. Clones wait for the same one.
#[derive(Clone)]
struct Call {
    task: AbortHandle,
    /// Nobody waits longer, in case its runtime does not run any more.
    ends: Instant,
    answer: Shared<BoxFuture<'static, Result<Credential>>>,
}

impl App {
    /// The result of a request that `send` makes with the app's credential. After a 401, the credential is renewed, and the
    /// error says whether to make the request again.
    ///
    /// Cancel-safe: a call of the provider goes on without those who wait for it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with timers, if the provider is to be called.
    pub(crate) async fn request<T, F>(self: &Arc<Self>, send: impl FnOnce(Credential) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let credential = self.get().await?;
        match send(credential.clone()).await {
            Err(error) if error.is_auth() && error.status() == Some(401) => Err(self.renew(&credential, error).await),
            answer => answer,
        }
    }

    /// The credential for the next request. Cancel-safe, and panics, like [`request`](Self::request).
    pub(crate) async fn get(self: &Arc<Self>) -> Result<Credential> {
        loop {
            let call = {
                let mut state = lock(&self.state);
                match state.usable() {
                    Some((credential, is_due)) => {
                        // Nobody waits for it: the present credential is good until it expires.
                        is_due.then(|| self.call(&mut state));
                        return Ok(credential);
                    }
                    None => self.call(&mut state)?,
                }
            };
            let credential = timeout_at(call.ends, call.answer).await.unwrap_or_else(|_| Err(timed_out()))?;
            // A call that began before a refusal may return the refused credential in good faith.
            if lock(&self.state).refused().as_ref() != Some(&credential) {
                return Ok(credential);
            }
        }
    }

    /// Renews the credential that the API refused. Returns the error of the request.
    pub(super) async fn renew(self: &Arc<Self>, refused: &Credential, refusal: Error) -> Error {
        if self.provider.is_none() {
            return refusal;
        }
        let is_paused = lock(&self.state).refuse(refused);
        match self.get().await {
            Ok(_) => refusal.renewed(),
            // The API's own error says more.
            Err(error) if error.is_auth() || is_paused => refusal.with_advice(NO_OTHER),
            Err(error) => error,
        }
    }

    /// The present credential and the last few that it replaced, to be masked in texts that arrive late.
    pub(crate) fn known(&self) -> Vec<Credential> {
        let state = lock(&self.state);
        state.kept.iter().map(|kept| &kept.credential).chain(&state.replaced).cloned().collect()
    }

    /// The call that is under way, or a new one.
    fn call(self: &Arc<Self>, state: &mut State) -> Result<Call> {
        if let Some(call) = state.call.as_ref().filter(|call| call.is_under_way()) {
            return Ok(call.clone());
        }
        let wait = state.wait();
        if wait > LIMIT {
            let reason = "no credential is requested, because the API refused the last ones soon after they arrived";
            return Err(Error::credential(reason, NO_OTHER).with_retry_after(wait));
        }
        let begins = Instant::now() + wait;
        let ends = begins + LIMIT;
        state.next_call = begins + LEAST_INTERVAL;
        let task = tokio::spawn(Arc::clone(self).ask(begins, ends));
        let abort = task.abort_handle();
        let answer = task.map(|joined| joined.unwrap_or_else(|_| Err(gone()))).boxed().shared();
        Ok(state.call.insert(Call { task: abort, ends, answer }).clone())
    }

    /// If the provider panics, so does the task.
    async fn ask(self: Arc<Self>, begins: Instant, ends: Instant) -> Result<Credential> {
        sleep_until(begins).await;
        let refused = lock(&self.state).refused();
        let provider = self.provider.as_ref().ok_or_else(no_other)?;
        let answer = timeout_at(ends, provider(Arc::clone(&self.id), refused.clone())).await;
        let credential = answer.map_err(|_| timed_out())?.map_err(failed)?;
        let life = credential.left();
        let mut state = lock(&self.state);
        // An app's first credential may be a saved one that the API refuses.
        if state.kept.is_some() || life.is_err() {
            state.next_call = Instant::now() + INTERVALS[0];
        }
        state.keep(Kept::new(credential.clone(), life.map_err(|flaw| unusable(&flaw))?));
        if refused.as_ref() == Some(&credential) { Err(no_other()) } else { Ok(credential) }
    }
}

impl State {
    /// The kept credential, if a request may be made with it, and whether it is to be renewed.
    fn usable(&self) -> Option<(Credential, bool)> {
        let Kept { credential, arrived, life, .. } = self.kept.as_ref().filter(|kept| !kept.refused)?;
        let left = life.saturating_sub(arrived.elapsed());
        (!left.is_zero()).then(|| (credential.clone(), left <= MARGIN.min(*life / 10)))
    }

    /// The kept credential, if the API refused it.
    fn refused(&self) -> Option<Credential> {
        self.kept.as_ref().filter(|kept| kept.refused).map(|kept| kept.credential.clone())
    }

    /// Until a call may begin.
    fn wait(&self) -> Duration {
        self.next_call.saturating_duration_since(Instant::now())
    }

    /// The API answered 401 to this credential. Returns whether it is too early for another.
    fn refuse(&mut self, refused: &Credential) -> bool {
        let is_renewed = !self.replaced.is_empty();
        if let Some(kept) = self.kept.as_mut().filter(|kept| !kept.refused && kept.credential == *refused) {
            kept.refused = true;
            let is_fresh = is_renewed && kept.arrived.elapsed() < FRESH;
            self.fresh_refusals = if is_fresh { (self.fresh_refusals + 1).min(INTERVALS.len() - 1) } else { 0 };
            if is_fresh {
                self.next_call = kept.arrived + INTERVALS[self.fresh_refusals];
            }
        }
        self.usable().is_none() && self.wait() > LIMIT
    }

    fn keep(&mut self, new: Kept) {
        match &mut self.kept {
            // With its new expiry. It is as old, and as good, as before.
            Some(kept) if kept.credential == new.credential => {
                kept.life = new.life.saturating_add(kept.arrived.elapsed());
            }
            kept => {
                let Some(old) = kept.replace(new) else { return };
                if !old.refused {
                    self.fresh_refusals = 0;
                }
                self.replaced.push_front(old.credential);
                self.replaced.truncate(MAX_REPLACED);
            }
        }
    }
}

impl Call {
    fn is_under_way(&self) -> bool {
        Instant::now() < self.ends && !self.task.is_finished()
    }
}

impl Kept {
    fn new(credential: Credential, life: Duration) -> Self {
        Self { credential, arrived: Instant::now(), life, refused: false }
    }
}

fn failed(error: Error) -> Error {
    let wait = error.retry_after();
    Error::credential("the credential provider failed", "see the cause").with_retry_after(wait).with_source(error)
}

fn timed_out() -> Error {
    let reason = format!("the credential provider did not answer within {} s", LIMIT.as_secs());
    Error::credential(reason, "check what the credential provider waits for, then retry")
}

fn gone() -> Error {
    let reason = "the credential provider panicked, or its tokio runtime was shut down";
    Error::credential(reason, "see the panic on standard error")
}

fn unusable(flaw: &str) -> Error {
    let reason = format!("the credential provider returned a credential that cannot be used: {flaw}");
    Error::credential(reason, "correct the credential provider")
}

fn no_other() -> Error {
    Error::unauthorized("the credential provider returned the credential that the API refused", NO_OTHER)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
