//! A listing in the types of other programs: any source, and any settings, are one type.

use std::future::{Future, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use futures::{StreamExt as _, TryStreamExt as _};
use gupshup_groups::testing::{FakeGroups, Fault};
use gupshup_groups::{
    AnySource, Checkpoint, Client, Error, ListGroups, Page, PageRequest, PageSize, PageSource, Result, RetryPolicy,
};
use tokio::time::Instant;

use crate::server::Server;
use crate::support::{KEY, all, drain, groups, limits, take};

const SECOND: Duration = Duration::from_secs(1);

/// The loop of the documentation.
async fn count(list: &ListGroups) -> Result<usize> {
    let mut stream = list.stream();
    let mut count = 0;
    while stream.try_next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[test]
fn a_closure_is_a_source() {
    let fake = FakeGroups::new(groups(60));
    let source = {
        let fake = fake.clone();
        move |request: PageRequest| {
            let fake = fake.clone();
            // A future that is not `Unpin`, and has no name.
            async move {
                ready(()).await;
                fake.fetch(request).await
            }
        }
    };
    let list = ListGroups::from_source(source);
    assert_eq!(all(list.stream()), groups(60));
    assert_eq!(block_on(list.snapshot()).unwrap().len(), 60);
    assert_eq!(limits(&fake)[..2], [25, 1024]);
}

/// A service of a program that uses this crate.
struct Service {
    groups: ListGroups,
}

#[test]
fn a_struct_stores_a_listing_and_a_test_gives_it_a_fake() {
    let service = Service { groups: ListGroups::from_source(FakeGroups::new(groups(60))) };
    assert_eq!(block_on(count(&service.groups)).unwrap(), 60);
}

/// A source that wraps the crate's own, and asks for pages of two groups.
struct Small(AnySource);

impl PageSource for Small {
    fn fetch(&self, mut request: PageRequest) -> impl Future<Output = Result<Page>> + Send + 'static {
        request.limit = PageSize::clamped(2);
        self.0.fetch(request)
    }
}

#[tokio::test]
async fn the_crates_own_source_can_be_wrapped_by_a_type_or_a_closure() {
    let server = Server::start(&groups(7), []).await;
    let client = Client::builder(KEY).base_url(server.base_url()).build().unwrap();
    let by_type = client.groups("app").map_source(Small);
    let by_closure = client.groups("app").map_source(|inner| {
        move |mut request: PageRequest| {
            request.limit = PageSize::clamped(2);
            let inner = inner.clone();
            async move { inner.fetch(request).await }
        }
    });
    for groups in [by_type, by_closure] {
        let service = Service { groups };
        assert_eq!(count(&service.groups).await.unwrap(), 7);
    }
    assert_eq!(server.requests(), 6);
    assert!(server.heads().iter().all(|head| head.contains("limit=2 ") || head.contains("limit=2&")));
}

/// Scenario: a client with a rate limit and a policy, and a listing with a page size and an app id; then the source is
/// replaced. Expected: each setting still applies, to the new source.
#[tokio::test(start_paused = true)]
async fn a_source_that_is_wrapped_or_replaced_keeps_every_setting_of_the_listing() {
    let began = Instant::now();
    let times = Arc::<Mutex<Vec<Duration>>>::default();
    let log = Arc::clone(&times);
    let outage = || Fault::Error(Error::api(503, None, "Service Unavailable"));
    let fake = FakeGroups::new(groups(7)).script([Fault::None, outage(), outage(), outage(), outage()]);
    let source = fake.clone().on_request(move |_, _| log.lock().unwrap().push(began.elapsed()));
    let retries = RetryPolicy::default().attempts(4).base(Duration::ZERO);
    let client = Client::builder(KEY).rate_limit(1, SECOND).retry(retries).build().unwrap();
    let list = client.groups("7f3c").page_size(3).max_groups(5).map_source(|_| source).map_source(|inner| inner);

    let mut stream = list.stream();
    for _ in 0..3 {
        stream.next().await.unwrap().unwrap();
    }
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!((error.app_id(), error.attempts()), (Some("7f3c"), 4), "the app id and the retries");
    assert!(error.to_string().starts_with("app 7f3c: page 2 failed after 4 attempts"), "{error}");
    assert_eq!(limits(&fake), [3, 2, 2, 2, 2], "the page size and the most groups");
    let times = times.lock().unwrap();
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + SECOND), "the rate limit: {times:?}");
}

#[test]
fn app_id_names_a_list_in_its_errors_and_checkpoints() {
    let gone = || Fault::Error(Error::other("gone"));
    let fake = FakeGroups::new(groups(9)).script([Fault::None, gone()]);
    let list = |name: &str| ListGroups::from_source(fake.clone()).page_size(3).app_id(name);
    let mut stream = list("7f3c").stream();
    assert_eq!(take(&mut stream, 3).0.len(), 3);
    let error = drain(&mut stream).1.expect("the fault is an error");
    assert_eq!(error.app_id(), Some("7f3c"));
    assert!(error.to_string().starts_with("app 7f3c: page 2 failed"), "{error}");

    let saved: Checkpoint = error.checkpoint().unwrap().to_string().parse().unwrap();
    let refused = drain(&mut list("another").resume(saved.clone()).stream()).1.expect("it is another list");
    assert!(refused.is_config() && refused.app_id() == Some("another"), "{refused}");
    assert_eq!(fake.requests().len(), 2, "nothing is requested");
    assert_eq!(all(list("7f3c").resume(saved).stream()), groups(9)[3..]);
}

#[test]
fn a_list_without_a_name_has_no_app_id_and_its_checkpoints_fit_every_list() {
    let fake = FakeGroups::new(groups(9)).script([Fault::None, Fault::Error(Error::other("gone"))]);
    let list = || ListGroups::from_source(fake.clone()).page_size(3);
    let error = drain(&mut list().stream()).1.expect("the fault is an error");
    assert_eq!(error.app_id(), None);
    assert!(error.to_string().starts_with("page 2 failed"), "{error}");
    let saved = error.checkpoint().unwrap().clone();
    assert_eq!(all(list().app_id("7f3c").resume(saved).stream()), groups(9)[3..]);
}
