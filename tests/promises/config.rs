//! Bad input is an error that names what is wrong, shows no secret, and comes before any request.

use futures::StreamExt as _;
use gupshup_groups::{Client, DEFAULT_BASE_URL, Error};
use httpmock::prelude::*;

use crate::support::{KEY, assert_hides, assert_no_secrets};

#[track_caller]
fn refused(error: &Error, secret: &str) {
    assert!(error.is_config() && !error.is_retryable(), "{error:?}");
    assert_no_secrets(error);
    if !secret.is_empty() {
        assert_hides(error, &[secret]);
    }
}

#[test]
fn a_bad_key_is_refused_when_the_client_is_built() {
    for (key, secret) in
        [("", ""), ("SECRET KEY", "SECRET"), ("SECRET\n", "SECRET"), ("SECRET\0", "SECRET"), ("SECRÉT", "SECR")]
    {
        refused(&Client::new(key).unwrap_err(), secret);
    }
}

#[test]
fn a_bad_base_url_is_refused_when_the_client_is_built() {
    for url in [
        "http://api.gupshup.io/wa",
        "https://SECRET:SECRET@api.gupshup.io",
        "https://api.gupshup.io?SECRET",
        "https://api.gupshup.io#SECRET",
        "https:///",
        "file:///SECRET",
        "SECRET",
    ] {
        match Client::builder(KEY).base_url(url).build() {
            Err(error) => refused(&error, "SECRET"),
            // The URL standard may repair the URL only without changing its host.
            Ok(client) => panic!("{url}: {client:?}"),
        }
    }
    assert!(Client::builder(KEY).base_url(DEFAULT_BASE_URL).build().is_ok());
}

#[tokio::test]
async fn a_bad_app_id_is_refused_as_the_streams_first_item_and_then_it_ends() {
    let server = MockServer::start_async().await;
    let any = server
        .mock_async(|when, then| {
            when.any_request();
            then.status(200);
        })
        .await;
    let client = Client::builder(KEY).base_url(server.base_url()).build().unwrap();
    for app_id in ["", ".", "..", "a\nb", "a\0b", &"a".repeat(10_000)] {
        refused(&client.groups(app_id).page().await.unwrap_err(), "aaaa");
        let items: Vec<_> = client.groups(app_id).stream().collect().await;
        let [Err(error)] = &items[..] else { panic!("{items:?}") };
        refused(error, "aaaa");
    }
    any.assert_calls_async(0).await;
}

#[tokio::test]
async fn participants_are_one_to_eight_and_none_is_empty() {
    let client = Client::builder(KEY).base_url("http://127.0.0.1:1").build().unwrap();
    let users = |count: usize| (0..count).map(|n| format!("SECRET{n}")).collect::<Vec<_>>();
    for participants in [users(0), users(9), vec![String::new()], vec!["SECRET".into(), " ".into()]] {
        refused(&client.groups("app").participants(participants).page().await.unwrap_err(), "SECRET");
    }
}

#[test]
fn no_debug_shows_the_key() {
    let builder = Client::builder(KEY).base_url("https://gateway.example/SECRET");
    let before = format!("{builder:?}");
    let client = builder.build().unwrap();
    let text = format!("{before} {client:?} {:?}", client.groups("app"));
    assert!(!text.contains(KEY) && !text.contains("SECRET"), "{text}");
}
