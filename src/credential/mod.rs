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

/// An API key or a token, and when it expires. Cheap to clone.
///
/// `Debug` shows the header's name and the expiry. The secret is wiped from memory when the last clone is dropped; the HTTP
/// client's copies are not.
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
/// Constructors do not fail. A secret that is empty or not visible ASCII is an [`is_config`](crate::Error::is_config) error
/// of [`ClientBuilder::build`](crate::ClientBuilder::build), or an [`is_credential`](crate::Error::is_credential) error if a
/// [`CredentialProvider`] returns it. The error names the byte and does not show the secret.
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
    /// An API key, sent as `apikey: <key>`: the header that the page of the group call shows.
    pub fn api_key(key: impl Into<String>) -> Self {
        let key = SecretString::from(key.into());
        let flaw = flaw_of(key.expose_secret(), "API key", 0, false);
        Self::new("apikey", key, flaw)
    }

    /// A token, sent as `Authorization: Bearer <token>`. A leading `Bearer ` in `token` is ignored.
    pub fn bearer(token: impl Into<String>) -> Self {
        let text = SecretString::from(token.into());
        let text = text.expose_secret();
        let scheme = text.get(..BEARER.len()).filter(|start| start.eq_ignore_ascii_case(BEARER));
        let offset = scheme.map_or(0, str::len);
        let token = &text[offset..];
        Self::new("authorization", SecretString::from([BEARER, token].concat()), flaw_of(token, "token", offset, false))
    }

    /// The value of the header `Authorization`, sent as given: a partner app token, or a scheme, a space and a token.
    pub fn authorization(value: impl Into<String>) -> Self {
        let value = SecretString::from(value.into());
        let flaw = flaw_of(value.expose_secret(), "value of Authorization", 0, true);
        Self::new("authorization", value, flaw)
    }

    /// Sets the time at which the API stops accepting the credential. Default: unknown.
    ///
    /// The credential of a [provider](CredentialProvider) is renewed before this time; without it, when the API answers 401.
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

/// Whether both send the same header, whatever their expiry. A provider so compares the refused credential with a saved
/// one.
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

/// Supplies credentials that change while a [`Client`](crate::Client) runs. A closure is a provider too.
///
/// One provider serves all apps, clones and streams of a client. It is called
///
/// - when an app needs its first credential;
/// - shortly before a credential [expires](Credential::expires_at): 60 s (twice the default
///   [`timeout`](crate::ClientBuilder::timeout)), or a tenth of the life left on arrival if that is less. Until the new one
///   arrives, requests use the old one. So do not return a saved credential that is about to expire;
/// - after the API answered 401, with the `refused` credential. The request is then made again.
///
/// # How often
///
/// For each app, one call at a time, at least 1 s apart, and 10 s after a success other than the first: at most seven
/// credentials a minute. The API allows ten new Universal App Tokens a minute.
///
/// The API also allows only three active tokens an app. So if it refuses a renewed credential within 60 s, the next call is 10
/// minutes later, then an hour. Meanwhile requests fail at once with [`is_credential`](crate::Error::is_credential), and
/// [`retry_after`](crate::Error::retry_after) is the time until the next call.
///
/// # Errors
///
/// The attempt fails with [`is_credential`](crate::Error::is_credential) if the provider
///
/// - returns an error (kept as the cause, so put no secret into it). [`Error::transport`](crate::Error::transport) is retried,
///   [`Error::other`](crate::Error::other) is not;
/// - returns a credential that is unusable or has expired (retried);
/// - panics, or takes longer than 30 s (retried).
///
/// It fails with [`is_auth`](crate::Error::is_auth) if the provider returns the refused credential again, or the API refuses
/// the new one too.
///
/// # Cancel safety
///
/// A call runs on its own tokio task, which must not be blocked. It continues when the stream that needs it is dropped or
/// not polled, and the credential is kept for the next request.
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
    /// The credential of the app. `refused`: the one that the API has just answered 401 to, if that is the reason.
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
