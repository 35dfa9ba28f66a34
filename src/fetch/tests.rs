//! Listings that share a rate limit, on tokio's paused clock.

use std::sync::Mutex;

use futures::future::join_all;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use tokio::time::{sleep, timeout};

use super::*;
use crate::credential::{Credential, Keeper};
use crate::list::ListGroups;
use crate::page::Group;
use crate::source::PageSource;
use crate::testing::{FakeGroups, Fault};

const SECOND: Duration = Duration::from_secs(1);

fn fake(count: i64) -> FakeGroups {
    FakeGroups::new((0..count).map(|n| Group::new(n.to_string(), "", n)))
}

/// When each request of a fake was made.
fn log(fake: &FakeGroups) -> Arc<Mutex<Vec<Instant>>> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&log);
    drop(fake.clone().on_request(move |_, _| noted.lock().unwrap().push(Instant::now())));
    log
}

fn at_rate(fake: FakeGroups, requests: u32, per: Duration) -> ListGroups {
    let pace = Pace::new(RetryPolicy::default(), TIMEOUT, Gate::with_limit(requests, per), None);
    ListGroups::at_pace(AnySource::new(fake), pace)
}

fn one_a_second(fake: FakeGroups) -> ListGroups {
    at_rate(fake, 1, SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_listings_share_a_rate_and_all_advance_however_long_that_takes() {
    let list = one_a_second(fake(2)).page_size(1);
    let began = Instant::now();
    let mut streams: Vec<_> = (0..100).map(|_| list.stream()).collect();
    for round in 1..=2 {
        let groups = join_all(streams.iter_mut().map(StreamExt::next)).await;
        assert!(groups.into_iter().all(|group| group.is_some_and(|group| group.is_ok())));
        let expected = Duration::from_millis(1_005) * (round * 100 - 1);
        assert!(began.elapsed() >= expected && began.elapsed() < expected + SECOND, "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn retries_wait_for_the_rate_limit_too() {
    let fake = fake(1).script([Fault::Error(Error::transport("reset")), Fault::Error(Error::transport("reset"))]);
    let mut stream = one_a_second(fake).stream();
    let began = Instant::now();
    assert!(stream.next().await.is_some_and(|group| group.is_ok()));
    assert!(began.elapsed() >= 2 * SECOND);
    let progress = stream.progress();
    assert_eq!((progress.requests, progress.retries), (3, 2));
    assert!(progress.waited >= Duration::from_millis(1_990), "less what timers round up");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_rate_limit_does_not_count_towards_the_deadline() {
    let reset = || Fault::Error(Error::transport("reset"));
    let list = at_rate(fake(1).script([reset(), reset()]), 1, 60 * SECOND);
    let mut stream = list.retry(RetryPolicy::default().deadline(5 * SECOND)).stream();
    let began = Instant::now();
    assert!(stream.next().await.is_some_and(|group| group.is_ok()));
    assert!(began.elapsed() >= 120 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_the_deadline() {
    let slow = || Fault::Delay(4 * SECOND);
    let fake = fake(1).script([slow(), slow(), slow()]);
    let busy = fake.clone();
    let list = ListGroups::from_source(move |request| {
        let busy = busy.clone();
        async move { busy.fetch(request).await.and(Err(Error::api(503, None, "Busy"))) }
    });
    let policy = RetryPolicy::default().base(Duration::ZERO).deadline(5 * SECOND);
    let error = list.retry(policy).page().await.unwrap_err();
    assert_eq!((error.attempts(), error.elapsed().as_secs(), fake.requests().len()), (2, 8, 2));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_stream_that_is_not_polled_blocks_no_other() {
    let list = one_a_second(fake(3)).page_size(1);
    list.page().await.unwrap();
    let mut parked: Vec<_> = (0..100).map(|_| list.stream()).collect();
    for stream in &mut parked {
        assert!(stream.next().now_or_never().is_none(), "it waits");
    }
    let began = Instant::now();
    let live = timeout(200 * SECOND, list.stream().try_collect::<Vec<_>>()).await.expect("it advances");
    assert_eq!(live.unwrap().len(), 3);
    assert!(began.elapsed() <= 110 * SECOND, "{:?}", began.elapsed());

    sleep(3600 * SECOND).await;
    let rest = join_all(parked.into_iter().map(TryStreamExt::try_collect::<Vec<_>>)).await;
    assert!(rest.into_iter().all(|groups| groups.unwrap().len() == 3), "each continues when it is polled");
}

/// `select_all` yields what is buffered of one stream, and the handler lists with the same client meanwhile.
#[tokio::test(start_paused = true)]
async fn a_handler_may_list_with_the_client_whose_streams_it_handles() {
    let list = one_a_second(fake(3)).page_size(2);
    let mut all = stream::select_all((0..5).map(|_| list.stream()));
    let mut handled = 0;
    while let Some(group) = all.next().await {
        group.unwrap();
        timeout(600 * SECOND, list.page()).await.expect("the handler advances").unwrap();
        handled += 1;
    }
    assert_eq!(handled, 15);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_polled_once_a_minute_gets_its_turns_beside_one_that_always_waits() {
    let list = one_a_second(fake(100)).page_size(1);
    let greedy = tokio::spawn({
        let list = list.clone();
        async move {
            loop {
                list.stream().try_collect::<Vec<_>>().await.unwrap();
            }
        }
    });
    let mut slow = list.max_groups(5).stream();
    let began = Instant::now();
    let mut found = 0;
    while found < 5 {
        // A minute of other work, then up to 1.5 s for the stream.
        sleep(60 * SECOND).await;
        let polled = timeout(SECOND * 3 / 2, slow.next()).await;
        found += usize::from(polled.is_ok_and(|group| group.unwrap().is_ok()));
        assert!(began.elapsed() < 1_000 * SECOND, "it starves: {found} groups");
    }
    greedy.abort();
}

/// Polls a stream for a while, and then not for a while, again and again; counts its groups.
async fn parks(mut stream: impl Stream<Item = Result<Group>> + Unpin, seed: u64) -> usize {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut groups = 0;
    loop {
        if random.u8(..) < 64 {
            let polled = timeout(Duration::from_millis(random.u64(0..20_000)), stream.next()).await;
            if polled.is_err() {
                sleep(Duration::from_millis(random.u64(0..60_000))).await;
                continue;
            }
            groups += polled.into_iter().flatten().map(Result::unwrap).count();
        } else {
            match stream.next().await {
                Some(group) => drop(group.unwrap()),
                None => return groups,
            }
            groups += 1;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_streams_that_park_at_random_hold_the_rate_and_none_starves() {
    const STREAMS: u64 = 10_000;
    const RATE: u32 = 200;
    let fake = fake(2);
    let log = log(&fake);
    let list = at_rate(fake, RATE, SECOND).page_size(1);
    let began = Instant::now();
    let streams: Vec<_> = (0..STREAMS).map(|seed| tokio::spawn(parks(list.stream(), seed))).collect();
    for stream in streams {
        assert_eq!(stream.await.unwrap(), 2);
    }
    let log = log.lock().unwrap();
    assert_eq!(log.len() as u64, 2 * STREAMS);
    let apart = log.iter().zip(log.iter().skip(RATE as usize)).map(|(first, beyond)| *beyond - *first).min();
    assert!(apart >= Some(SECOND), "{apart:?}");
    let least = Duration::from_secs(2 * STREAMS / u64::from(RATE));
    assert!(began.elapsed() < 3 * least, "{:?}, where {least:?} is the least that the rate allows", began.elapsed());
}

/// Listings of as many apps, whose provider takes this long and then answers, at one request a second.
fn with_provider(
    fake: &FakeGroups,
    apps: usize,
    takes: Duration,
    answer: fn(&str) -> Result<Credential>,
) -> Vec<ListGroups> {
    let provider = move |app: &str, _: Option<&Credential>| {
        let answer = answer(app);
        async move {
            sleep(takes).await;
            answer
        }
    };
    let keeper = Keeper::new(provider.into()).unwrap();
    let pace = at_rate(fake.clone(), 1, SECOND);
    (0..apps).map(|n| pace.clone().credentials(keeper.app(&n.to_string()))).collect()
}

#[tokio::test(start_paused = true)]
async fn requests_that_waited_for_a_credential_begin_at_the_rate_too() {
    let fake = fake(1);
    let log = log(&fake);
    let lists = with_provider(&fake, 4, 20 * SECOND, |_| Ok(Credential::bearer("token")));
    // Four apps, and four listings each.
    join_all(lists.iter().flat_map(|list| (0..4).map(|_| list.page()))).await;
    let log = log.lock().unwrap();
    assert_eq!(log.len(), 16);
    assert!(log.windows(2).all(|pair| pair[1] - pair[0] >= SECOND), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_one_apps_provider_asks_for_holds_no_other_app() {
    let lists = with_provider(&fake(1), 2, Duration::ZERO, |app| match app {
        "0" => Err(Error::transport("busy").with_retry_after(50 * SECOND)),
        _ => Ok(Credential::bearer("token")),
    });
    let began = Instant::now();
    let error = lists[0].clone().retry(RetryPolicy::none()).page().await.unwrap_err();
    assert_eq!((error.is_credential(), error.retry_after()), (true, Some(50 * SECOND)));
    lists[1].page().await.unwrap();
    assert!(began.elapsed() < 3 * SECOND, "{:?}", began.elapsed());
}
