//! Told to wait, everybody waits: the rate limit and `Retry-After` hold for all clones of a client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use gupshup_groups::testing::{Dialect, FakeGroups, Fault};
use gupshup_groups::{Client, Error, ListGroups, PageRequest, RetryPolicy};
use tokio::time::{Instant, advance, sleep, sleep_until, timeout};

use crate::support::{KEY, groups, numbered};

const SECOND: Duration = Duration::from_secs(1);

/// An app: the server of its groups, and when each request arrived there.
struct App {
    fake: FakeGroups,
    arrivals: Arc<Mutex<Vec<Instant>>>,
}

impl App {
    /// Of so many groups. Its last page has no cursor, so that no request confirms the end.
    fn new(count: usize) -> Self {
        let arrivals = Arc::<Mutex<Vec<Instant>>>::default();
        let log = Arc::clone(&arrivals);
        let fake = FakeGroups::new(groups(count))
            .dialect(Dialect::default().cursors_at_the_ends(false))
            .on_request(move |_, _| log.lock().unwrap().push(Instant::now()));
        Self { fake, arrivals }
    }

    /// A listing of this app by a client.
    fn list(&self, client: &Client, app_id: &str) -> ListGroups {
        client.groups(app_id).map_source(|_| self.fake.clone())
    }

    fn arrivals(&self) -> Vec<Instant> {
        self.arrivals.lock().unwrap().clone()
    }

    /// When each request arrived, in seconds after `began`.
    fn seconds_since(&self, began: Instant) -> Vec<u64> {
        self.arrivals().into_iter().map(|at| (at - began).as_secs()).collect()
    }
}

/// 429, with this time to wait.
fn told_to_wait(time: Duration) -> Fault {
    Fault::Error(Error::api(429, None, "Too Many Requests").with_retry_after(time))
}

fn client() -> Client {
    Client::new(KEY).unwrap()
}

#[tokio::test(start_paused = true)]
async fn after_retry_after_the_requests_of_all_clones_and_apps_wait() {
    let (client, began) = (client(), Instant::now());
    let (one, other) = (App::new(3), App::new(3));
    one.fake.script([told_to_wait(30 * SECOND)]);
    let first = tokio::spawn({
        let list = one.list(&client, "one");
        async move { list.page().await }
    });
    sleep(SECOND).await;
    let mut second = other.list(&client.clone(), "other").stream();
    second.next().await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    assert_eq!((one.seconds_since(began), other.seconds_since(began)), (vec![0, 30], vec![30]));
    assert_eq!(second.progress().waited.as_secs(), 29);
}

#[tokio::test(start_paused = true)]
async fn another_client_does_not_wait() {
    let (began, one, other) = (Instant::now(), App::new(3), App::new(3));
    one.fake.script([told_to_wait(60 * SECOND)]);
    assert!(one.list(&client(), "one").retry(RetryPolicy::none()).page().await.is_err());
    other.list(&client(), "other").page().await.unwrap();
    assert_eq!(other.seconds_since(began), [0]);
}

/// Scenario: a server asks one app to wait two minutes, longer than a retry waits. Expected: every request of the client is
/// refused at once, and not made, until no more than a minute is left; then it waits for the rest.
#[tokio::test(start_paused = true)]
async fn after_a_longer_retry_after_no_request_is_made_and_the_error_says_how_long_to_wait() {
    let (client, began) = (client(), Instant::now());
    let (one, other) = (App::new(3), App::new(3));
    one.fake.script([told_to_wait(120 * SECOND)]);
    let error = one.list(&client, "one").page().await.unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(120 * SECOND)));

    for (app, seconds) in [("one", 0), ("other", 20), ("another", 59)] {
        sleep_until(began + SECOND * seconds).await;
        let error = other.list(&client.clone(), app).page().await.unwrap_err();
        assert!(error.is_rate_limited() && error.is_retryable(), "{error}");
        assert_eq!((error.app_id(), error.attempts()), (Some(app), 0));
        assert_eq!(error.retry_after(), Some(SECOND * (120 - seconds)));
        assert_eq!(began.elapsed(), SECOND * seconds, "at once");
    }
    assert_eq!(other.arrivals().len(), 0);

    sleep_until(began + 61 * SECOND).await;
    other.list(&client, "other").page().await.unwrap();
    assert_eq!(other.seconds_since(began), [120]);
}

/// Scenario: as above, but the deadline that was set has room for the wait. Expected: every listing of the client waits.
#[tokio::test(start_paused = true)]
async fn with_a_longer_deadline_all_listings_wait_for_a_longer_retry_after() {
    let patient = RetryPolicy::default().deadline(600 * SECOND);
    let (client, began) = (Client::builder(KEY).retry(patient).build().unwrap(), Instant::now());
    let (one, other) = (App::new(3), App::new(3));
    one.fake.script([told_to_wait(120 * SECOND)]);
    let late = async {
        sleep(20 * SECOND).await;
        other.list(&client.clone(), "other").page().await
    };
    let (first, second) = futures::join!(one.list(&client, "one").stream().try_collect::<Vec<_>>(), late);
    assert_eq!((first.unwrap().len(), second.unwrap().groups.len()), (3, 3));
    assert_eq!((one.seconds_since(began), other.seconds_since(began)), (vec![0, 120], vec![120]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_a_day_holds_a_client_for_an_hour() {
    const HOUR: Duration = Duration::from_secs(3_600);
    let (client, app, began) = (client(), App::new(3), Instant::now());
    app.fake.script([told_to_wait(24 * HOUR)]);
    let list = app.list(&client, "app");
    assert_eq!(list.page().await.unwrap_err().retry_after(), Some(24 * HOUR));
    sleep(3_539 * SECOND).await;
    assert!(list.page().await.unwrap_err().is_rate_limited());
    sleep(2 * SECOND).await;
    list.page().await.unwrap();
    assert_eq!(app.seconds_since(began), [0, 3_600]);
}

#[tokio::test(start_paused = true)]
async fn a_shorter_retry_after_does_not_shorten_a_longer_one() {
    let (client, began) = (client(), Instant::now());
    let (one, third) = (App::new(3), App::new(3));
    one.fake.script([told_to_wait(50 * SECOND)]);
    // Under way when the first is told to wait, and told to wait for less.
    let slow = |_: PageRequest| async {
        sleep(2 * SECOND).await;
        Err(Error::api(429, None, "Too Many Requests").with_retry_after(5 * SECOND))
    };
    let other = client.groups("other").map_source(|_| slow).retry(RetryPolicy::none());
    let one = one.list(&client, "one").retry(RetryPolicy::none());
    let (second, first) = futures::join!(other.page(), one.page());
    assert_eq!(second.unwrap_err().retry_after(), Some(5 * SECOND));
    assert_eq!(first.unwrap_err().retry_after(), Some(50 * SECOND));
    third.list(&client, "third").page().await.unwrap();
    assert_eq!(third.seconds_since(began), [50]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_makes_no_listing_before_retry_after() {
    let (app, began) = (App::new(3), Instant::now());
    app.fake.fault_at(2, told_to_wait(120 * SECOND));
    let mut changes = app.list(&client(), "app").watch(SECOND);
    let error = changes.next().await.unwrap().unwrap_err();
    assert_eq!(error.retry_after(), Some(120 * SECOND));
    assert_eq!(app.seconds_since(began), [0, 1, 2]);

    app.fake.create(numbered(9));
    let change = timeout(300 * SECOND, changes.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(change.group().id, "9");
    assert_eq!(app.seconds_since(began), [0, 1, 2, 122], "two minutes after the answer");
    assert!(timeout(SECOND * 5 / 2, changes.next()).await.is_err());
    assert_eq!(app.arrivals().len(), 6, "and then one a second again");
}

/// Scenario: a server asks one app to wait two minutes. Expected: neither the watch of another app of the same key nor any
/// clone makes a request before that.
#[tokio::test(start_paused = true)]
async fn a_watch_of_another_app_makes_no_request_either_before_retry_after() {
    let (client, began) = (client(), Instant::now());
    let (one, other) = (App::new(3), App::new(3));
    let mut changes = other.list(&client.clone(), "other").watch(SECOND);
    assert!(timeout(SECOND / 2, changes.next()).await.is_err());
    one.fake.script([told_to_wait(120 * SECOND)]);
    assert!(one.list(&client, "one").page().await.is_err());

    other.fake.create(numbered(9));
    let change = loop {
        match timeout(300 * SECOND, changes.next()).await.unwrap().unwrap() {
            Ok(change) => break change,
            Err(error) => assert!(error.is_rate_limited() && error.attempts() == 0, "{error}"),
        }
    };
    assert_eq!(change.group().id, "9");
    let seconds = other.seconds_since(began);
    assert!(seconds[0] == 0 && seconds[1..].iter().all(|second| *second >= 120), "{seconds:?}");
    assert!(began.elapsed() <= 122 * SECOND, "{:?}", began.elapsed());
}

/// The most requests in any window of this length.
fn most_in_a_window(arrivals: &[Instant], window: Duration) -> usize {
    let within = |from: usize| arrivals[from..].iter().take_while(|at| **at - arrivals[from] < window).count();
    (0..arrivals.len()).map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn of_five_hundred_listings_at_once_the_server_sees_no_more_than_the_rate_limit_in_any_window() {
    let client = Client::builder(KEY).rate_limit(10, SECOND).build().unwrap();
    let (app, began) = (App::new(7), Instant::now());
    let listings = (0..500).map(|_| {
        let list = app.list(&client, "app").page_size(5);
        tokio::spawn(async move { list.stream().try_collect::<Vec<_>>().await })
    });
    for listing in join_all(listings).await {
        assert_eq!(listing.unwrap().unwrap(), groups(7));
    }
    let arrivals = app.arrivals();
    assert_eq!(arrivals.len(), 1_000);
    assert_eq!(most_in_a_window(&arrivals, SECOND), 10);
    // A tenth of a second, less what a request may be late.
    assert!(arrivals.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(90)), "evenly spaced");
    assert!(began.elapsed() <= 102 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn retries_are_within_the_rate_limit_too() {
    let client = Client::builder(KEY).rate_limit(10, SECOND).retry(RetryPolicy::default().base(Duration::ZERO));
    let (client, app) = (client.build().unwrap(), App::new(1));
    app.fake.on_request({
        let log = Arc::clone(&app.arrivals);
        move |index, fake| {
            log.lock().unwrap().push(Instant::now());
            if index % 2 == 0 {
                fake.fault_at(index, Fault::Error(Error::transport("reset")));
            }
        }
    });
    let listings = join_all((0..50).map(|_| app.list(&client, "app").stream().try_collect::<Vec<_>>())).await;
    assert!(app.arrivals().len() > 50, "{}", app.arrivals().len());
    assert_eq!(most_in_a_window(&app.arrivals(), SECOND), 10);
    assert!(listings.iter().filter(|listing| listing.is_ok()).count() > 25);
}

/// Scenario: five hundred others list again and again. Expected: a listing of four pages gets its turn with each round of them.
#[tokio::test(start_paused = true)]
async fn one_listing_under_five_hundred_others_finishes() {
    let client = Client::builder(KEY).rate_limit(100, SECOND).build().unwrap();
    let (app, others) = (App::new(4), App::new(1));
    let others: Vec<_> = (0..500)
        .map(|_| {
            let list = others.list(&client, "others");
            tokio::spawn(async move {
                loop {
                    list.page().await.unwrap();
                }
            })
        })
        .collect();
    // All of them wait.
    sleep(SECOND).await;
    let one = app.list(&client, "app").page_size(1).stream().try_collect::<Vec<_>>();
    let found = timeout(4 * 6 * SECOND, one).await.expect("it gets its turns").unwrap();
    assert_eq!(found, groups(4));
    others.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_idle_does_not_catch_up() {
    let client = Client::builder(KEY).rate_limit(10, SECOND).build().unwrap();
    let app = App::new(1);
    app.list(&client, "app").page().await.unwrap();
    advance(3_600 * SECOND).await;
    let pages = join_all((0..30).map(|_| {
        let list = app.list(&client, "app");
        async move { list.page().await }
    }));
    assert!(pages.await.into_iter().all(|page| page.is_ok()));
    assert_eq!(most_in_a_window(&app.arrivals(), SECOND), 10);
}

#[tokio::test(start_paused = true)]
async fn waits_that_are_dropped_give_their_turns_back() {
    let client = Client::builder(KEY).rate_limit(1, SECOND).build().unwrap();
    let (app, began) = (App::new(1), Instant::now());
    let list = app.list(&client, "app");
    list.page().await.unwrap();
    for _ in 0..50 {
        assert!(list.page().now_or_never().is_none());
    }
    list.page().await.unwrap();
    assert_eq!(app.seconds_since(began), [0, 1]);
}
