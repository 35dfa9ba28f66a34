//! How often a provider is called.

use tokio::time::sleep;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_call_begins_1_s_after_the_first_credential_and_10_s_after_each_further_one() {
    let calls = Calls::default();
    // The provider's tokens live for 10 s.
    let app = calls.app(|n| Ok(lives(token(n), 10 * SECOND)));
    let start = Instant::now();
    let first = app.get().await.unwrap();
    assert_eq!(renewed(&app, &first).await, token(2), "the first one may be a saved one");
    while start.elapsed() < MINUTE {
        app.get().await.unwrap();
        sleep(SECOND / 2).await;
    }
    assert_eq!(calls.seconds_after(start), [0, 1, 11, 21, 31, 41, 51]);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_a_call_begins_1_s_later() {
    let calls = Calls::default();
    let app = calls.app(|_| Err(Error::transport("no")));
    let start = Instant::now();
    for _ in 0..4 {
        app.get().await.unwrap_err();
    }
    assert_eq!(calls.seconds_after(start), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn renewed_credentials_that_are_refused_at_once_cost_three_tokens_an_hour_at_most() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(lives(token(n), HOUR)));
    let start = Instant::now();
    // Listed every 20 s: the API refuses whatever is minted.
    let mut pauses = Vec::new();
    while start.elapsed() < 6 * HOUR {
        match app.get().await {
            Ok(credential) => drop(app.renew(&credential, Error::api(401, None, "")).await),
            Err(error) => {
                assert!(told(&error).contains("no credential is requested"), "{error}");
                pauses.push(error.retry_after().unwrap().as_secs());
            }
        }
        sleep(20 * SECOND).await;
    }
    let begun = calls.seconds_after(start);
    assert_eq!(begun.len(), 8, "{begun:?}");
    assert_eq!(begun[..2], [0, 1]);
    assert!(begun[1..].windows(2).zip([600, 3_600]).all(|(call, least)| call[1] - call[0] >= least), "{begun:?}");
    assert!(begun.windows(4).all(|call| call[3] - call[0] >= 3_600), "{begun:?}");
    assert!(pauses.iter().all(|pause| (1..=3_600).contains(pause)));
}

#[tokio::test(start_paused = true)]
async fn a_refused_renewal_ends_in_the_401_and_later_requests_in_a_pause() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n)));
    let first = app.get().await.unwrap();
    let second = renewed(&app, &first).await;
    let error = not_renewed(&app, &second).await;
    assert!(error.advice().starts_with("the API refuses what the credential provider returns"), "{error:?}");
    let error = app.get().await.unwrap_err();
    assert!(
        told(&error).contains("no credential is requested") && error.retry_after() == Some(600 * SECOND),
        "{error}"
    );
    assert_eq!(calls.count(), 2);
    sleep(600 * SECOND).await;
    assert_eq!(app.get().await.unwrap(), token(3));
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_worked_for_a_minute_ends_the_pauses() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n)));
    let first = app.get().await.unwrap();
    let second = renewed(&app, &first).await;
    not_renewed(&app, &second).await;
    sleep(600 * SECOND).await;
    let third = app.get().await.unwrap();
    sleep(MINUTE).await;
    let fourth = renewed(&app, &third).await;
    // As after the first refusal, not as after the second.
    not_renewed(&app, &fourth).await;
    assert_eq!(app.get().await.unwrap_err().retry_after(), Some(600 * SECOND));
}
