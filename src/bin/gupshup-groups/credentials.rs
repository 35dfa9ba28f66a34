//! The key or token: where it comes from, and how it is sent.

mod command;
mod secret;

use std::path::PathBuf;

use gupshup_groups::{Client, ClientBuilder, Credential, Credentials, Error};

use crate::args::CredentialOptions;
use crate::exit::{Exit, Failure};
use crate::input::{self, KEY, TOKEN};

use secret::Secret;

/// The key or token of a run.
pub(crate) struct Source {
    kind: Kind,
    origin: Origin,
}

/// How it is sent.
#[derive(Clone, Copy)]
enum Kind {
    /// `apikey: …`
    Key,
    /// `Authorization: Bearer …`
    Token,
    /// `Authorization: …`, to the partner API.
    PartnerToken,
}

/// Where it comes from.
enum Origin {
    /// A variable, or standard input.
    Text(String),
    File(PathBuf),
    Command(String),
}

/// What the options and the environment name, or what is missing.
pub(crate) fn source(options: &CredentialOptions) -> Result<Result<Source, String>, Failure> {
    let token = if options.partner { Kind::PartnerToken } else { Kind::Token };
    let given = match (&options.key_file, &options.token_file, &options.token_command) {
        (Some(path), _, _) => Some((Kind::Key, Origin::File(path.clone()))),
        (_, Some(path), _) => Some((token, Origin::File(path.clone()))),
        (_, _, Some(command)) => Some((token, Origin::Command(command.clone()))),
        (None, None, None) => None,
    };
    if let Some((kind, origin)) = given {
        return Ok(Ok(Source { kind, origin }));
    }
    let key = if options.partner { None } else { input::variable(KEY)? };
    let (kind, text) = match (key, input::variable(TOKEN)?) {
        (Some(_), Some(_)) => return Ok(Err(format!("both {KEY} and {TOKEN} are set: unset one"))),
        (Some(key), None) => (Kind::Key, key),
        (None, Some(text)) => (token, text),
        (None, None) if options.partner => {
            return Ok(Err(format!("no token: set {TOKEN} or give --token-file or --token-command")));
        }
        (None, None) => {
            return Ok(Err(format!(
                "no API key or token: set {KEY} or {TOKEN}, or give --key-file, --token-file or --token-command"
            )));
        }
    };
    Ok(Ok(Source { kind, origin: Origin::Text(text) }))
}

impl Source {
    /// Whether standard input holds it.
    pub(crate) fn is_stdin(&self) -> bool {
        matches!(&self.origin, Origin::File(path) if input::is_stdin(path))
    }

    /// A client that sends it.
    pub(crate) fn builder(self) -> Result<ClientBuilder, Failure> {
        let Self { kind, origin } = self;
        let credentials: Credentials = match origin {
            Origin::Text(text) => kind.credential(Secret { text, expires_at: None }).into(),
            Origin::File(path) => {
                // A wrong path is an error at once. Standard input can be read only once.
                let first = secret::read(&path, kind.name())?;
                if input::is_stdin(&path) { kind.credential(first).into() } else { file(kind, path) }
            }
            Origin::Command(command) => from_command(kind, command),
        };
        Ok(match kind {
            Kind::Key | Kind::Token => Client::builder(credentials),
            Kind::PartnerToken => Client::partner_builder(credentials),
        })
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Key => "API key",
            Self::Token | Self::PartnerToken => "token",
        }
    }

    fn credential(self, secret: Secret) -> Credential {
        let credential = match self {
            Self::Key => Credential::api_key(secret.text),
            Self::Token => Credential::bearer(secret.text),
            Self::PartnerToken => Credential::authorization(secret.text),
        };
        secret.expires_at.into_iter().fold(credential, Credential::expires_at)
    }
}

/// Reads the file when the client asks: at first, about every minute, and after the API has refused the credential.
fn file(kind: Kind, path: PathBuf) -> Credentials {
    Credentials::from(move |_: &str, _: Option<&Credential>| {
        let path = path.clone();
        async move {
            // It may be replaced at this moment, so the next try may succeed.
            secret::read_again(path, kind.name()).await.map(|secret| kind.credential(secret)).map_err(Error::transport)
        }
    })
}

/// Runs the command when the client asks.
fn from_command(kind: Kind, command: String) -> Credentials {
    Credentials::from(move |app: &str, _: Option<&Credential>| {
        let (command, app) = (command.clone(), app.to_owned());
        async move { command::run(&command, &app).await.map(|secret| kind.credential(secret)) }
    })
}

/// Two inputs cannot both be read from standard input.
pub(crate) fn input_twice() -> Failure {
    Failure::new(Exit::Usage, "standard input can be read only once", "give a file to --apps-from")
}
