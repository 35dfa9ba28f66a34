//! A credential is renewed before it expires.

use tokio::time::sleep;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_credential_is_renewed_60_s_or_a_tenth_of_its_life_before_its_expiry() {
    for (life, renewal) in [(3_600, 3_540), (600, 540), (100, 90)] {
        let calls = Calls::default();
        let app = calls.app(move |n| Ok(lives(token(n), life * SECOND)));
        app.get().await.unwrap();
        sleep((renewal - 1) * SECOND).await;
        assert_eq!(app.get().await.unwrap(), token(1));
        assert_eq!(calls.count(), 1);
        sleep(SECOND).await;
        assert_eq!(app.get().await.unwrap(), token(1), "the present one is used while the next one is fetched");
        sleep(SECOND).await;
        assert_eq!(app.get().await.unwrap(), token(2));
        assert_eq!(calls.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_year_of_hourly_credentials_takes_one_call_each() {
    const YEAR: Duration = HOUR.saturating_mul(24 * 365);
    // Every other request is made in minute 59 of a credential.
    const STEP: Duration = Duration::from_secs(59 * 60 / 2);
    let calls = Calls::default();
    let app = calls.app(|n| Ok(lives(token(n), HOUR)));
    let start = Instant::now();
    let mut seen = Vec::<(Credential, Instant)>::new();
    while start.elapsed() < YEAR {
        let credential = app.get().await.unwrap();
        match seen.last() {
            Some((last, since)) if *last == credential => {
                assert!(since.elapsed() < HOUR, "no request is made with an expired credential");
            }
            _ => seen.push((credential.clone(), Instant::now())),
        }
        sleep(STEP).await;
    }
    assert_eq!(seen.len(), 365 * 24 * 60 / 59);
    assert!(seen.iter().enumerate().all(|(n, (credential, _))| *credential == token(n + 1)));
    assert!(calls.all().iter().all(|call| call.refused.is_none()));
    // The last one is fetched and not used yet.
    assert_eq!(calls.count(), seen.len() + 1);
}

#[tokio::test(start_paused = true)]
async fn a_year_of_credentials_of_unknown_expiry_takes_one_refusal_and_one_call_each() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n)));
    for hour in 1..=365 * 24 {
        let credential = app.get().await.unwrap();
        assert_eq!(credential, token(hour));
        sleep(HOUR).await;
        assert_eq!(renewed(&app, &credential).await, token(hour + 1));
    }
    assert_eq!(calls.count(), 365 * 24 + 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_fetches_nothing_and_waits_for_a_new_credential_after_the_expiry() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(lives(token(n), HOUR)));
    app.get().await.unwrap();
    sleep(5 * HOUR).await;
    assert_eq!(calls.count(), 1);
    assert_eq!(app.get().await.unwrap(), token(2));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_before_the_expiry_fails_no_request() {
    let calls = Calls::default();
    let app = calls.app(|n| match n {
        1 | 5.. => Ok(lives(token(n), HOUR)),
        _ => Err(Error::transport("the vault is down")),
    });
    app.get().await.unwrap();
    sleep(59 * MINUTE).await;
    while app.get().await.unwrap() == token(1) {
        sleep(SECOND).await;
    }
    assert_eq!(calls.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_credential_without_an_expiry_or_with_a_distant_one_is_kept() {
    let ages = SystemTime::now() + 1_000_000 * HOUR;
    for expiry in [None, Some(ages)] {
        let calls = Calls::default();
        let app = calls.app(move |n| Ok(expiry.into_iter().fold(token(n), Credential::expires_at)));
        app.get().await.unwrap();
        sleep(10_000 * HOUR).await;
        app.get().await.unwrap();
        assert_eq!(calls.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_returns_the_present_credential_again_is_called_every_10_s_at_most() {
    let calls = Calls::default();
    let end = SystemTime::now() + HOUR;
    let ends = [end, end - 59 * MINUTE, end];
    let app = calls.app(move |n| Ok(token(1).expires_at(ends[n - 1])));
    let start = Instant::now();
    while start.elapsed() < HOUR {
        app.get().await.unwrap();
        sleep(SECOND).await;
    }
    // The system's clock stands still here, so the third answer has an hour of life.
    assert_eq!(calls.seconds_after(start), [0, 3_540, 3_550]);
    assert_eq!(texts(&app), ["Bearer SECRET-1", "SECRET-1"]);
}
