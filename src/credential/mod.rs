//! What the API asks for before it answers: a credential, and where credentials come from.

mod keeper;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use keeper::{App, Keeper};

use crate::error::Result;

/// A secret that the API accepts, and when it expires. Cheap to clone.
///
/// `Debug` shows the header and the expiry. The secret is wiped from memory when the last clone is dropped; the HTTP
/// client's copies of its header are not.
///
/// | constructor | header | for |
/// |---|---|---|
/// | [`api_key`](Self::api_key) | `apikey: …` | account and app API keys, until 31 March 2027 |
/// | [`bearer`](Self::bearer) | `Authorization: Bearer …` | Universal Tokens and Universal App Tokens |
/// | [`authorization`](Self::authorization) | `Authorization: …` | partner app tokens, and any other scheme |
///
/// (Gupshup's "Customer App Token" product guide and "Partner Authentication Guide", read in November 2026.)
///
/// # Errors
///
/// Constructors do not fail. A secret that is empty or cannot be sent in a header is an error where it is used:
/// [`is_config`](crate::Error::is_config) from [`ClientBuilder::build`](crate::ClientBuilder::build), and
/// [`is_credential`](crate::Error::is_credential) if a [`CredentialProvider`] returns it. The error says what is wrong
/// and at which byte, and does not show the secret.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use gupshup_groups::Credential;
///
/// let token = Credential::bearer("token").expires_at(SystemTime::now() + Duration::from_secs(3600));
/// assert!(!format!("{token:?}").contains("token\""));
/// ```
#[derive(Clone)]
pub struct Credential {
    secret: Arc<Secret>,
    expires_at: Option<SystemTime>,
}

struct Secret {
    header: &'static str,
    /// The value of the header.
    value: SecretString,
    /// Why it cannot be sent, and what to do. Positions are those of the text that was passed in.
    flaw: Option<String>,
}

impl Credential {
    /// An API key, sent in the header `apikey`, as the page of the group call shows it.
    ///
    /// Account and app API keys stop working on 31 March 2027. Visible ASCII without spaces.
    pub fn api_key(key: impl Into<String>) -> Self {
        let key = SecretString::from(key.into());
        let flaw = flaw_of(key.expose_secret(), "API key", 0, false);
        Self::new("apikey", key, flaw)
    }

    /// A token, sent as `Authorization: Bearer <token>`. Visible ASCII without spaces.
    ///
    /// A text that already begins with `Bearer ` (in any case) is accepted: the word is not sent twice.
    pub fn bearer(token: impl Into<String>) -> Self {
        let text = SecretString::from(token.into());
        let text = text.expose_secret();
        let scheme = text.get(..BEARER.len()).filter(|start| start.eq_ignore_ascii_case(BEARER));
        let offset = scheme.map_or(0, str::len);
        let token = &text[offset..];
        Self::new("authorization", SecretString::from([BEARER, token].concat()), flaw_of(token, "token", offset, false))
    }

    /// The value of the header `Authorization`, sent as given: a partner app token, or a scheme and its token.
    ///
    /// Visible ASCII, with spaces inside.
    pub fn authorization(value: impl Into<String>) -> Self {
        let value = SecretString::from(value.into());
        let flaw = flaw_of(value.expose_secret(), "value of Authorization", 0, true);
        Self::new("authorization", value, flaw)
    }

    /// Sets the time at which the API stops accepting the credential. Default: unknown.
    ///
    /// A credential of a [provider](CredentialProvider) with an expiry is renewed before it, so no request fails for
    /// it. One without an expiry is used until the API answers 401.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }

    /// The time set by [`expires_at`](Self::expires_at).
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The time until the expiry; the maximum if it is unknown. `Err`: why the credential cannot be used, and what to do.
    fn left(&self) -> Result<Duration, String> {
        if let Some(flaw) = &self.secret.flaw {
            return Err(flaw.clone());
        }
        let left = self.expires_at.map_or(Ok(Duration::MAX), |expiry| expiry.duration_since(SystemTime::now()));
        left.map_err(|late| {
            let late = late.duration().as_secs();
            format!("it expired {late} s ago: get a new one, or check this machine's clock")
        })
    }

    fn new(header: &'static str, value: SecretString, flaw: Option<String>) -> Self {
        Self { secret: Arc::new(Secret { header, value, flaw }), expires_at: None }
    }

    /// The name of the header, in lower case.
    pub(crate) fn header(&self) -> &'static str {
        self.secret.header
    }

    /// The value of the header: visible ASCII and inner spaces, if the keeper has returned this credential.
    pub(crate) fn value(&self) -> &str {
        self.secret.value.expose_secret()
    }

    /// The texts to mask: the value of the header, and the part after its scheme.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let value = self.value();
        let after_scheme = value.split_once(' ').map(|(_, token)| token.trim_start());
        [value].into_iter().chain(after_scheme)
    }
}

const BEARER: &str = "Bearer ";

/// Whether both send the same header. The expiry does not count.
///
/// So a provider can tell whether the credential that it has kept is the one that was refused.
impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        (self.header(), self.value()) == (other.header(), other.value())
    }
}

impl Eq for Credential {}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("header", &self.header())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a secret, and what to do. `offset`: its position in what was passed in.
fn flaw_of(text: &str, name: &'static str, offset: usize, spaces_inside: bool) -> Option<String> {
    let invisible = |byte: u8| !(byte.is_ascii_graphic() || spaces_inside && byte == b' ');
    let trimmed = text.trim();
    let (at, advice) = if text.is_empty() {
        return Some(format!("the {name} is empty: copy it from Gupshup's console"));
    } else if trimmed.is_empty() || trimmed != text {
        let at = if text.starts_with(char::is_whitespace) { 0 } else { trimmed.len() };
        (at, "trim the white space around it")
    } else if text.starts_with('\u{feff}') {
        (0, "remove the byte order mark")
    } else if !spaces_inside && text.starts_with(BEARER) {
        (BEARER.len() - 1, "for a token, use `Credential::bearer`")
    } else {
        (text.bytes().position(invisible)?, "copy it again")
    };
    let at = offset + at;
    Some(format!("the {name} contains a character that is not visible ASCII, at byte {at}: {advice}"))
}

/// Where the credentials of a [`Client`](crate::Client) come from, if they change while it runs. A closure is one too.
///
/// One provider serves all apps of a client, its clones and their streams. It is called
///
/// - when an app needs its first credential;
/// - before a credential [expires](Credential::expires_at): 60 s before, or a tenth of the time that it had left when it
///   arrived, if that is shorter. 60 s are twice the default [`timeout`](crate::ClientBuilder::timeout) of an attempt, so
///   a request that is under way is not overtaken by the expiry, with 30 s left for clocks that differ. Requests go on with
///   the old credential meanwhile, also if the call fails. A provider that saves its credentials must not return one
///   which is about to expire;
/// - after the API answered 401: `refused` is the credential that it refused, to be compared with a saved one. The request
///   is made again with the new one.
///
/// # How often
///
/// One call for an app at a time, however many streams wait for it. A call begins at least 1 s after the one before it,
/// and 10 s after one that returned a credential, except an app's first, which may be a saved one that has expired. So an
/// app takes at most seven credentials in 60 s; the API allows ten new Universal App Tokens.
///
/// The API also allows only three active tokens for an app, which a provider that mints tokens would use up if the API
/// refused each of them at once. So if a renewed credential is refused within 60 s, the interval becomes 10 minutes, and if
/// the next one is too, an hour, until one is not. Of tokens that live an hour, three at most are then active. Meanwhile a
/// 401 is the error, and further requests are an [`is_credential`](crate::Error::is_credential) at once whose
/// [`retry_after`](crate::Error::retry_after) is the time until the next call.
///
/// # Errors
///
/// An error of the provider ends the attempt with [`is_credential`](crate::Error::is_credential), with that error as its
/// source and its `retry_after`. It is retried as [`RetryPolicy`](crate::RetryPolicy) says, if it
/// [`is_retryable`](crate::Error::is_retryable): return [`Error::transport`](crate::Error::transport) for what may succeed
/// later, [`Error::other`](crate::Error::other) for what cannot. Put no secret into it. A credential that is unusable or has
/// expired already, a panic, and a call that takes longer than 30 s, the default time of an attempt, which is dropped, end the
/// attempt too, and are retried.
///
/// A provider that returns the refused credential again ends the attempt with [`is_auth`](crate::Error::is_auth), and so
/// does one whose new credential the API refuses too.
///
/// # Cancel safety
///
/// A call runs on a tokio task of its own. A stream that is not polled, or is dropped, does not stop it; the credential
/// is kept for the next request. It must not block its thread.
///
/// # Examples
///
/// ```
/// use gupshup_groups::{Client, Credential, Error};
///
/// // The types of the arguments must be written out.
/// let provider = |_app_id: &str, _refused: Option<&Credential>| async {
///     // Without the cause, which may show the value.
///     let token = std::env::var("TOKEN").map_err(|_| Error::other("TOKEN is not set"))?;
///     Ok(Credential::bearer(token))
/// };
/// let client = Client::builder(provider).build()?;
/// # Ok::<(), Error>(())
/// ```
///
/// A type with its own state:
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use gupshup_groups::{Client, Credential, CredentialProvider, Result};
///
/// struct Vault;
///
/// impl CredentialProvider for Vault {
///     async fn credential(&self, app_id: &str, _refused: Option<&Credential>) -> Result<Credential> {
///         let token = format!("token-of-{app_id}");
///         Ok(Credential::bearer(token).expires_at(SystemTime::now() + Duration::from_secs(3600)))
///     }
/// }
///
/// let client = Client::builder(Vault).build()?;
/// # Ok::<(), gupshup_groups::Error>(())
/// ```
pub trait CredentialProvider: Send + Sync + 'static {
    /// The credential of the app. `refused` is the one that the API has just answered 401 to, if that is why it is called.
    fn credential(&self, app_id: &str, refused: Option<&Credential>)
    -> impl Future<Output = Result<Credential>> + Send;
}

impl<F, Fut> CredentialProvider for F
where
    F: Fn(&str, Option<&Credential>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Credential>> + Send,
{
    async fn credential(&self, app_id: &str, refused: Option<&Credential>) -> Result<Credential> {
        self(app_id, refused).await
    }
}

/// [`CredentialProvider`] as an object.
type Provide = dyn Fn(Arc<str>, Option<Credential>) -> BoxFuture<'static, Result<Credential>> + Send + Sync;

/// What [`Client::builder`](crate::Client::builder) takes: an API key, a [`Credential`], or a [`CredentialProvider`].
#[derive(Clone)]
pub struct Credentials(Origin);

#[derive(Clone)]
enum Origin {
    Fixed(Credential),
    Provider(Arc<Provide>),
}

impl Credentials {
    /// A plain text is the value of `Authorization`, because the partner API has no API keys.
    pub(crate) fn of_partner(self) -> Self {
        match self.0 {
            Origin::Fixed(key) if key.header() == "apikey" => {
                Credential { expires_at: key.expires_at, ..Credential::authorization(key.value()) }.into()
            }
            origin => Self(origin),
        }
    }
}

impl From<Credential> for Credentials {
    fn from(credential: Credential) -> Self {
        Self(Origin::Fixed(credential))
    }
}

/// An [API key](Credential::api_key).
impl From<&str> for Credentials {
    fn from(api_key: &str) -> Self {
        Credential::api_key(api_key).into()
    }
}

/// An [API key](Credential::api_key).
impl From<String> for Credentials {
    fn from(api_key: String) -> Self {
        Credential::api_key(api_key).into()
    }
}

impl<P: CredentialProvider> From<P> for Credentials {
    fn from(provider: P) -> Self {
        let provider = Arc::new(provider);
        Self(Origin::Provider(Arc::new(move |app_id, refused| {
            let provider = Arc::clone(&provider);
            async move { provider.credential(&app_id, refused.as_ref()).await }.boxed()
        })))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
