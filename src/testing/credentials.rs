use std::future::Future;
use std::sync::Arc;

use super::FakeGroups;
use crate::credential::{App, Credential, Credentials, Keeper};
use crate::error::Result;
use crate::page::Page;
use crate::source::{AnySource, PageRequest, PageSource};

impl FakeGroups {
    /// A source whose requests have a credential of this app, kept and renewed as by a [`Client`](crate::Client): for
    /// [`demand`](Self::demand). Clones, and the streams of a listing, share the credential.
    ///
    /// # Errors
    ///
    /// Those of [`ClientBuilder::build`](crate::ClientBuilder::build), from each fetch.
    ///
    /// # Panics
    ///
    /// A fetch panics outside a tokio runtime with timers, if it calls a [provider](crate::CredentialProvider).
    ///
    /// # Examples
    ///
    /// A token that the API accepts for an hour, on tokio's clock, which the test has paused. The system's clock goes on, so
    /// that an expiry is `SystemTime::now()` and the time left.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use gupshup_groups::testing::FakeGroups;
    /// use gupshup_groups::{Credential, Group, ListGroups};
    /// use tokio::time::Instant;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// const HOUR: Duration = Duration::from_secs(3600);
    /// let start = Instant::now();
    /// let token = move || Credential::bearer(format!("token-{}", start.elapsed().as_secs() / 3600));
    ///
    /// let fake = FakeGroups::new([Group::new("a", "Support", 1_700_000_000)]);
    /// let source = fake.demand(move |credential| *credential == token()).with_credentials(
    ///     "app-id",
    ///     move |_app_id: &str, _refused: Option<&Credential>| async move { Ok(token()) },
    /// );
    /// let list = ListGroups::from_source(source);
    /// assert_eq!(list.snapshot().await?.len(), 1);
    ///
    /// tokio::time::advance(HOUR).await;
    /// // The API refuses the token, and the provider has another one.
    /// assert_eq!(list.snapshot().await?.len(), 1);
    /// # Ok::<(), gupshup_groups::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn with_credentials(&self, app_id: &str, credentials: impl Into<Credentials>) -> AnySource {
        let app = Keeper::new(credentials.into()).map(|keeper| keeper.app(app_id));
        AnySource::new(WithCredentials { fake: self.clone(), app })
    }
}

#[derive(Clone)]
struct WithCredentials {
    fake: FakeGroups,
    app: Result<Arc<App>>,
}

impl PageSource for WithCredentials {
    fn fetch(&self, request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        let Self { fake, app } = self.clone();
        async move { app?.request(|credential: Credential| fake.answer(request, Some(credential))).await }
    }
}
