//! One credential, and one call, for all who need it.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_fixed_credential_is_the_same_for_every_app_and_never_renewed() {
    let keeper = Keeper::new("SECRET".into()).unwrap();
    for app in ["a", "b"].map(|id| keeper.app(id)) {
        let credential = app.get().await.unwrap();
        assert_eq!(credential, Credential::api_key("SECRET"));
        let error = not_renewed(&app, &credential).await;
        assert_eq!(error.advice(), "check the credential, and that its account owns the app");
        assert_eq!(app.get().await.unwrap(), credential);
        assert_eq!(texts(&app), ["SECRET"]);
    }
}

#[test]
fn a_fixed_credential_that_has_expired_is_refused_at_once() {
    let error = Keeper::new(token(1).expires_at(SystemTime::now() - MINUTE).into()).err().unwrap();
    assert!(error.is_config() && error.to_string().contains("expired 60 s ago"), "{error}");
    assert!(Keeper::new(lives(token(1), HOUR).into()).is_ok());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_before_it_is_needed_and_once_for_64_who_wait() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n)));
    assert_eq!(calls.count(), 0);
    let asked = join_all((0..64).map(|_| app.get())).await;
    assert!(asked.into_iter().all(|credential| credential.unwrap() == token(1)));
    assert_eq!(calls.count(), 1);
    assert_eq!(calls.all()[0].refused, None);
}

#[tokio::test(start_paused = true)]
async fn of_64_requests_that_are_refused_at_once_one_calls_the_provider() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n)));
    let old = app.get().await.unwrap();
    let asked = join_all((0..64).map(|_| renewed(&app, &old))).await;
    assert!(asked.into_iter().all(|credential| credential == token(2)));
    // One that is refused later.
    assert_eq!(renewed(&app, &old).await, token(2));
    assert_eq!(calls.count(), 2);
    assert_eq!(calls.all()[1].refused, Some(old));
}

#[tokio::test(start_paused = true)]
async fn while_a_renewal_is_under_way_no_request_gets_the_refused_credential() {
    let gate = Arc::new(Semaphore::new(1));
    let calls = Arc::new(AtomicUsize::new(0));
    let provider = {
        let (gate, calls) = (Arc::clone(&gate), Arc::clone(&calls));
        move |_: &str, _: Option<&Credential>| {
            let (gate, n) = (Arc::clone(&gate), calls.fetch_add(1, Ordering::Relaxed) + 1);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(token(n))
            }
        }
    };
    let app = Keeper::new(provider.into()).unwrap().app("app");
    let old = app.get().await.unwrap();
    sleep(MINUTE).await;
    let mut renewal = tokio_test::task::spawn(renewed(&app, &old));
    let mut next = tokio_test::task::spawn(app.get());
    assert!(renewal.poll().is_pending() && next.poll().is_pending());
    yield_now().await;
    assert!(renewal.poll().is_pending() && next.poll().is_pending());
    gate.add_permits(1);
    assert_eq!((next.await.unwrap(), renewal.await), (token(2), token(2)));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn one_who_asked_and_is_dropped_or_not_polled_again_delays_nobody() {
    let gate = Arc::new(Semaphore::new(0));
    let calls = Arc::new(AtomicUsize::new(0));
    let provider = {
        let (gate, calls) = (Arc::clone(&gate), Arc::clone(&calls));
        move |_: &str, _: Option<&Credential>| {
            calls.fetch_add(1, Ordering::Relaxed);
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                Ok(token(1))
            }
        }
    };
    let app = Keeper::new(provider.into()).unwrap().app("app");
    let mut dropped = tokio_test::task::spawn(app.get());
    let mut idle = tokio_test::task::spawn(app.get());
    assert!(dropped.poll().is_pending() && idle.poll().is_pending());
    yield_now().await;
    drop(dropped);
    let others = tokio::spawn({
        let app = app.clone();
        async move { join_all((0..8).map(|_| app.get())).await }
    });
    yield_now().await;
    gate.add_permits(1);
    assert!(others.await.unwrap().into_iter().all(|credential| credential.unwrap() == token(1)));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    sleep(HOUR).await;
    assert_eq!(idle.await.unwrap(), token(1), "polled at last");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_only_asker_is_dropped_goes_on_and_its_credential_is_kept() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n)));
    let mut asker = tokio_test::task::spawn(app.get());
    assert!(asker.poll().is_pending());
    drop(asker);
    sleep(SECOND).await;
    assert_eq!(calls.count(), 1);
    assert_eq!(app.get().await.unwrap(), token(1));
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_apps_share_neither_credential_nor_call_and_an_app_has_one_of_each() {
    let calls = Calls::default();
    let keeper = calls.keeper(|n| Ok(token(n)));
    let (a, b) = (keeper.app("a"), keeper.app("b"));
    assert_eq!(a.get().await.unwrap(), token(1));
    assert_eq!(b.get().await.unwrap(), token(2));
    assert_eq!(keeper.app("a").get().await.unwrap(), token(1));
    assert_eq!(calls.all().iter().map(|call| &*call.app_id).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(texts(&a), ["Bearer SECRET-1", "SECRET-1"]);
    assert_eq!(renewed(&a, &token(1)).await, token(3));
    assert_eq!(b.get().await.unwrap(), token(2));
}

#[tokio::test(start_paused = true)]
async fn the_last_four_replaced_credentials_are_still_masked() {
    let app = Calls::default().app(|n| Ok(Credential::api_key(format!("SECRET-{n}"))));
    let mut credential = app.get().await.unwrap();
    for _ in 0..6 {
        sleep(MINUTE).await;
        credential = renewed(&app, &credential).await;
    }
    assert_eq!(texts(&app), ["SECRET-7", "SECRET-6", "SECRET-5", "SECRET-4", "SECRET-3"]);
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_comes_back_works() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(n % 2)));
    let mut credential = app.get().await.unwrap();
    for _ in 0..5 {
        sleep(MINUTE).await;
        let next = renewed(&app, &credential).await;
        assert_ne!(next, credential);
        credential = next;
    }
}
