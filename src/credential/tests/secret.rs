//! What a credential accepts, sends and shows.

use tokio::task::yield_now;

use super::*;

#[test]
fn each_credential_is_sent_in_its_header() {
    for (credential, header, value, secrets) in [
        (Credential::api_key("k-1"), "apikey", "k-1", &["k-1"][..]),
        (Credential::bearer("t-1"), "authorization", "Bearer t-1", &["Bearer t-1", "t-1"]),
        (Credential::bearer("Bearer t-1"), "authorization", "Bearer t-1", &["Bearer t-1", "t-1"]),
        (Credential::bearer("bEARER t-1"), "authorization", "Bearer t-1", &["Bearer t-1", "t-1"]),
        (Credential::bearer("Bearer"), "authorization", "Bearer Bearer", &["Bearer Bearer", "Bearer"]),
        (Credential::authorization("t-1"), "authorization", "t-1", &["t-1"]),
        (Credential::authorization("Bearer t-1"), "authorization", "Bearer t-1", &["Bearer t-1", "t-1"]),
        (Credential::authorization("A  b c"), "authorization", "A  b c", &["A  b c", "b c"]),
    ] {
        assert_eq!((credential.header(), credential.value(), credential.left()), (header, value, Ok(Duration::MAX)));
        assert_eq!(credential.secrets().collect::<Vec<_>>(), secrets);
    }
}

#[test]
fn a_secret_that_cannot_be_sent_is_described_and_not_shown() {
    type Make = fn(&str) -> Credential;
    let key: Make = |text| Credential::api_key(text);
    let bearer: Make = |text| Credential::bearer(text);
    let authorization: Make = |text| Credential::authorization(text);
    for (make, text, message) in [
        (key, "", "the API key is empty: copy it"),
        (
            key,
            "SECRET\n",
            "the API key contains a character that is not visible ASCII, at byte 6: trim the white space",
        ),
        (key, " SECRET", "at byte 0: trim the white space"),
        (key, "SECRET\u{a0}", "at byte 6: trim the white space"),
        (key, "\tSECRET", "at byte 0: trim the white space"),
        (key, "SEC RET", "at byte 3: copy it again"),
        (key, "SECRET\0SECRET", "at byte 6: copy it again"),
        (key, "SECRET\r\nX: SECRET", "at byte 6: copy it again"),
        (key, "SECRETé", "at byte 6: copy it again"),
        (key, "\u{200b}SECRET", "at byte 0: copy it again"),
        (key, "\u{feff}SECRET", "at byte 0: remove the byte order mark"),
        (key, "Bearer SECRET", "at byte 6: for a token, use `Credential::bearer`"),
        (bearer, "", "the token is empty: copy it"),
        (bearer, "Bearer ", "the token is empty: copy it"),
        (
            bearer,
            "SECRET\n",
            "the token contains a character that is not visible ASCII, at byte 6: trim the white space",
        ),
        (bearer, "Bearer SECRET\n", "at byte 13: trim the white space"),
        (bearer, "Bearer  SECRET", "at byte 7: trim the white space"),
        (bearer, " Bearer SECRET", "at byte 0: trim the white space"),
        (bearer, "Bearer SEC RET", "at byte 10: copy it again"),
        (bearer, "SEC RET", "at byte 3: copy it again"),
        (bearer, "\u{feff}Bearer SECRET", "at byte 0: remove the byte order mark"),
        (bearer, "Bearér SECRET", "at byte 4: copy it again"),
        (authorization, "", "the value of Authorization is empty"),
        (authorization, "Bearer SECRET\r\n", "at byte 13: trim the white space"),
        (authorization, "Bearer\tSECRET", "at byte 6: copy it again"),
        (authorization, "Bearer SECRET\u{7f}", "at byte 13: copy it again"),
    ] {
        let error = Keeper::new(make(text).into()).err().unwrap();
        let shown = format!("{error} {error:?}");
        assert!(error.is_config() && shown.contains(message), "{text:?}: {shown}");
        assert!(!shown.contains("SECRET") && !shown.contains("SEC RET"), "{shown}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let provider = |_: &str, _: Option<&Credential>| ready(Ok(token(1)));
    let shown = format!(
        "{:?} {:?} {:?}",
        Credential::api_key("SECRET").expires_at(SystemTime::UNIX_EPOCH),
        Credentials::from(token(1)),
        Credentials::from(provider)
    );
    assert!(!shown.contains("SECRET") && shown.contains("apikey"), "{shown}");
}

#[test]
fn credentials_are_equal_if_they_send_the_same_header() {
    assert_eq!(token(1), lives(token(1), HOUR));
    assert_eq!(Credential::bearer("x"), Credential::authorization("Bearer x"));
    assert_ne!(token(1), token(2));
    assert_ne!(Credential::api_key("x"), Credential::authorization("x"));
}

#[test]
fn a_key_a_credential_a_closure_and_a_provider_are_credentials() {
    struct Vault;

    impl CredentialProvider for Vault {
        async fn credential(&self, app_id: &str, _refused: Option<&Credential>) -> Result<Credential> {
            mint(app_id.to_owned()).await
        }
    }

    fn builder(credentials: impl Into<Credentials>) -> bool {
        credentials.into().fixed().is_some()
    }

    async fn mint(app_id: String) -> Result<Credential> {
        yield_now().await;
        Ok(Credential::bearer(app_id))
    }

    assert!(builder("key"));
    assert!(builder("key".to_owned()));
    assert!(builder(Credential::bearer("token")));
    assert!(builder(Credentials::from("key")));
    assert!(!builder(|_: &str, _: Option<&Credential>| async { Ok(Credential::bearer("token")) }));
    assert!(!builder(|app_id: &str, _: Option<&Credential>| mint(app_id.to_owned())));
    assert!(!builder(Vault));
}

#[test]
fn all_types_cross_threads() {
    fn crosses_threads<T: Clone + Send + Sync + 'static>() {}
    fn future_crosses_threads<T: Send>(_: T) {}
    crosses_threads::<Credential>();
    crosses_threads::<Credentials>();
    crosses_threads::<Arc<Keeper>>();
    crosses_threads::<Arc<App>>();
    let app = Calls::default().app(|n| Ok(token(n)));
    future_crosses_threads(app.get());
    future_crosses_threads(app.request(|_| ready(Ok(()))));
}
