//! A provider that fails, and one that has nothing new.

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_twice_and_then_works_is_an_error_twice() {
    let calls = Calls::default();
    let app = calls.app(|n| match n {
        1 | 2 => Err(Error::transport("the vault is down")),
        _ => Ok(token(n)),
    });
    for _ in 0..2 {
        let error = app.get().await.unwrap_err();
        assert!(told(&error).contains("the credential provider failed"));
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.to_string().contains("the connection broke"), "{source}");
    }
    assert_eq!(app.get().await.unwrap(), token(3));
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_a_call_get_its_failure() {
    let calls = Calls::default();
    let app = calls.app(|_| Err(Error::other("no token")));
    for failed in join_all((0..8).map(|_| app.get())).await {
        assert!(failed.unwrap_err().is_credential());
    }
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_a_provider_is_retryable_if_its_error_is() {
    for (error, is_retryable) in [
        (Error::transport("reset"), true),
        (Error::api(503, None, "busy"), true),
        (Error::api(401, None, "the account is locked"), false),
        (Error::other("no such command"), false),
    ] {
        let app = Calls::default().app(move |_| Err(error.clone()));
        assert_eq!(app.get().await.unwrap_err().is_retryable(), is_retryable);
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_a_provider_was_asked_for_is_passed_on() {
    let app = Calls::default().app(|_| Err(Error::api(429, None, "slow down").with_retry_after(7 * SECOND)));
    let error = app.get().await.unwrap_err();
    assert!(error.is_credential() && error.retry_after() == Some(7 * SECOND), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_an_error_after_30_s_and_its_call_is_dropped() {
    let under_way = Arc::new(());
    let calls = Arc::new(AtomicUsize::new(0));
    let provider = {
        let (under_way, calls) = (Arc::downgrade(&under_way), Arc::clone(&calls));
        move |_: &str, _: Option<&Credential>| {
            let (held, n) = (under_way.upgrade(), calls.fetch_add(1, Ordering::Relaxed) + 1);
            async move {
                if n == 1 {
                    pending::<()>().await;
                }
                drop(held);
                Ok(token(n))
            }
        }
    };
    let app = Keeper::new(provider.into()).unwrap().app("app");
    let start = Instant::now();
    let error = app.get().await.unwrap_err();
    assert!(told(&error).contains("did not answer within 30 s"));
    assert_eq!(start.elapsed().as_secs(), 30);
    yield_now().await;
    assert_eq!(Arc::strong_count(&under_way), 1);
    assert_eq!(app.get().await.unwrap(), token(2));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_panics_is_an_error_and_is_called_again() {
    let calls = Calls::default();
    let app = calls.app(|n| if n == 1 { panic!("on purpose") } else { Ok(token(n)) });
    for failed in join_all((0..8).map(|_| app.get())).await {
        let error = failed.unwrap_err();
        assert!(told(&error).contains("panicked"), "{error}");
    }
    // The panic poisoned the list of calls, not the keeper.
    calls.0.clear_poison();
    assert_eq!(app.get().await.unwrap(), token(2));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_returns_the_refused_credential_again_has_no_other() {
    let calls = Calls::default();
    let app = calls.app(|n| Ok(token(if n < 4 { 1 } else { n })));
    let start = Instant::now();
    let credential = app.get().await.unwrap();
    for error in join_all((0..64).map(|_| not_renewed(&app, &credential))).await {
        assert!(error.advice().starts_with("the API refuses what the credential provider returns"), "{error:?}");
    }
    assert_eq!(calls.count(), 2);
    assert_eq!(calls.all()[1].refused, Some(token(1)));
    // The refused one is not returned again, and the provider is called once in 10 s.
    let error = app.get().await.unwrap_err();
    assert!(error.is_auth() && error.to_string().contains("returned the credential that the API refused"), "{error}");
    assert_eq!(app.get().await.unwrap(), token(4));
    assert_eq!(calls.seconds_after(start), [0, 1, 11, 21]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_began_before_the_refusal_is_followed_by_one_that_knows_of_it() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let provider = {
        let calls = Arc::clone(&calls);
        move |_: &str, refused: Option<&Credential>| {
            let refused = refused.cloned();
            calls.lock().unwrap().push(refused.clone());
            async move {
                sleep(SECOND).await;
                // It keeps a token, and mints another one only if that is refused.
                Ok(lives(token(if refused.is_some() { 2 } else { 1 }), HOUR))
            }
        }
    };
    let app = Keeper::new(provider.into()).unwrap().app("app");
    let old = app.get().await.unwrap();
    sleep(59 * MINUTE).await;
    assert_eq!(app.get().await.unwrap(), old);
    yield_now().await;
    assert_eq!(renewed(&app, &old).await, token(2));
    assert_eq!(*calls.lock().unwrap(), [None, None, Some(old)]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_or_unusable_credential_of_a_provider_is_an_error_that_says_so() {
    let app = Calls::default().app(|n| match n {
        1 => Ok(token(n).expires_at(SystemTime::now() - MINUTE)),
        2 => Ok(Credential::bearer("SECRET SECRET")),
        _ => Ok(token(n)),
    });
    let error = app.get().await.unwrap_err();
    assert!(told(&error).contains("expired 60 s ago: get a new one, or check this machine's clock"), "{error}");
    let error = app.get().await.unwrap_err();
    assert!(told(&error).contains("the token contains a character that is not visible ASCII, at byte 6"), "{error}");
    assert_eq!(app.get().await.unwrap(), token(3));
}

#[test]
fn a_call_ends_with_its_runtime_and_the_next_runtime_makes_another() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let provider = {
        let calls = Arc::clone(&calls);
        move |_: &str, _: Option<&Credential>| {
            let n = calls.fetch_add(1, Ordering::Relaxed) + 1;
            async move { if n == 1 { pending().await } else { Ok(token(n)) } }
        }
    };
    let app = Keeper::new(provider.into()).unwrap().app("app");
    let (gone, stands_still) = (runtime(), runtime());
    let asked = |runtime: &tokio::runtime::Runtime| {
        runtime.block_on(async { timeout(SECOND, app.get()).await }).expect_err("the provider hangs");
    };
    asked(&gone);
    drop(gone);
    asked(&stands_still);
    runtime().block_on(async {
        // Its task exists, waits for its turn, and is not run.
        let start = Instant::now();
        let error = app.get().await.unwrap_err();
        assert!(told(&error).contains("did not answer within 30 s"), "{error}");
        assert!(start.elapsed() < 35 * SECOND, "{:?}", start.elapsed());
        assert_eq!(app.get().await.unwrap(), token(2));
    });
}
