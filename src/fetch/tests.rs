//! Listings that share a rate limit, on tokio's paused clock.

use std::sync::Mutex;

use futures::executor::block_on;
use futures::future::{join_all, poll_fn};
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use super::*;
use crate::list::ListGroups;
use crate::page::Group;
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

fn one_a_second() -> Pace {
    Pace::new(RetryPolicy::default(), Some(RateLimit::new(1, SECOND)))
}

#[tokio::test(start_paused = true)]
async fn a_hundred_listings_share_a_rate_and_all_advance_however_long_that_takes() {
    let list = ListGroups::at_pace(fake(2), one_a_second()).page_size(1);
    let began = Instant::now();
    let mut streams: Vec<_> = (0..100).map(|_| list.stream()).collect();
    for round in 1..=2 {
        let groups = join_all(streams.iter_mut().map(StreamExt::next)).await;
        assert!(groups.into_iter().all(|group| group.is_some_and(|group| group.is_ok())));
        assert_eq!(began.elapsed().as_secs(), round * 100 - 1, "one request a second, and no deadline in between");
    }
}

#[tokio::test(start_paused = true)]
async fn retries_wait_for_the_rate_limit_too() {
    let fake = fake(1).script([Fault::Error(Error::transport("reset")), Fault::Error(Error::transport("reset"))]);
    let mut stream = ListGroups::at_pace(fake, one_a_second()).stream();
    let began = Instant::now();
    assert!(stream.next().await.is_some_and(|group| group.is_ok()));
    assert!(began.elapsed() >= 2 * SECOND);
    let progress = stream.progress();
    assert_eq!((progress.requests, progress.retries), (3, 2));
    assert!(progress.waited >= Duration::from_millis(1_990), "less what timers round up");
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_the_rate_limit_does_not_count_towards_the_deadline() {
    let pace = one_a_second();
    let hanging = fake(1).script([Fault::Hang]);
    let first = ListGroups::at_pace(fake(1), pace.clone()).stream().try_collect::<Vec<_>>();
    assert_eq!(first.await.unwrap().len(), 1);

    let policy = RetryPolicy::none().deadline(5 * SECOND);
    let began = Instant::now();
    let error = ListGroups::at_pace(hanging, pace.with_policy(policy)).page().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(began.elapsed().as_secs(), 6, "a second for the rate limit, and five of the deadline");
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_a_retry_for_the_rate_limit_does_not_count_towards_the_deadline_either() {
    let pace = Pace::new(RetryPolicy::default().deadline(5 * SECOND), Some(RateLimit::new(1, 60 * SECOND)));
    let reset = || Fault::Error(Error::transport("reset"));
    let list = ListGroups::at_pace(fake(2).script([reset(), Fault::Delay(4 * SECOND), reset(), Fault::Hang]), pace);
    let list = list.page_size(1);
    let mut stream = list.stream();
    stream.next().await.unwrap().unwrap();
    let began = Instant::now();
    let groups: Vec<_> = stream.collect().await;
    let error = groups.into_iter().find_map(Result::err).expect("the last attempt hangs");
    assert!(error.is_timeout() && error.elapsed() < 6 * SECOND, "{error:?}");
    assert!(began.elapsed() >= 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_stream_that_is_not_polled_blocks_no_other() {
    let list = ListGroups::at_pace(fake(3), one_a_second()).page_size(1);
    list.page().await.unwrap();
    let mut parked: Vec<_> = (0..100).map(|_| list.stream()).collect();
    for stream in &mut parked {
        assert!(stream.next().now_or_never().is_none(), "it waits");
    }
    let began = Instant::now();
    let live = timeout(60 * SECOND, list.stream().try_collect::<Vec<_>>()).await.expect("it advances");
    assert_eq!(live.unwrap().len(), 3);
    // A hundred absent waiters are removed one after the other, after a tenth of a second each.
    assert!(began.elapsed() <= 14 * SECOND, "{:?}", began.elapsed());

    sleep(3600 * SECOND).await;
    let rest = join_all(parked.into_iter().map(TryStreamExt::try_collect::<Vec<_>>)).await;
    assert!(rest.into_iter().all(|groups| groups.unwrap().len() == 3), "each continues when it is polled");
}

/// `select_all` yields what is buffered of one stream, and the handler lists with the same client meanwhile.
#[tokio::test(start_paused = true)]
async fn a_handler_may_list_with_the_client_whose_streams_it_handles() {
    let list = ListGroups::at_pace(fake(3), one_a_second()).page_size(2);
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
    let list = ListGroups::at_pace(fake(100), one_a_second()).page_size(1);
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
    let pace = Pace::new(RetryPolicy::default(), Some(RateLimit::new(RATE, SECOND)));
    let list = ListGroups::at_pace(fake, pace).page_size(1);
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

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_gives_its_turn_to_the_next() {
    let list = ListGroups::at_pace(fake(1), one_a_second());
    list.page().await.unwrap();
    let mut dropped: Vec<_> = (0..50).map(|_| list.stream()).collect();
    for stream in &mut dropped {
        assert!(stream.next().now_or_never().is_none());
    }
    let began = Instant::now();
    let page = tokio::spawn(list.page());
    sleep(SECOND / 2).await;
    drop(dropped);
    page.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[test]
fn a_rate_limit_that_is_used_up_is_an_error_where_there_are_no_timers() {
    let pace = Pace::new(RetryPolicy::default(), Some(RateLimit::new(2, 3600 * SECOND)));
    let list = ListGroups::at_pace(fake(3), pace).page_size(1);
    let walk = || async {
        let mut stream = list.stream();
        let groups: Vec<_> = stream.by_ref().collect().await;
        (groups, stream.progress().requests)
    };
    let (groups, requests) = block_on(walk());
    assert_eq!((groups.len(), requests), (3, 2), "two requests are allowed, and need no timer");
    let error = groups[2].as_ref().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("enable_time"), "{error}");

    let runtime = Builder::new_current_thread().build().unwrap();
    let (groups, requests) = runtime.block_on(walk());
    assert_eq!((groups.len(), requests), (1, 0));
    assert!(groups[0].as_ref().unwrap_err().is_config());
}

/// Scenario: a request fails and may be repeated at once, but its repeat would have to wait for the rate limit, and there are
/// no timers. Expected: the error is about the timers, and the request that was made is counted.
#[test]
fn the_requests_before_an_error_about_the_settings_are_counted() {
    let fake = fake(1).script([Fault::Error(Error::transport("reset"))]);
    let pace = Pace::new(RetryPolicy::default().base(Duration::ZERO), Some(RateLimit::new(1, SECOND)));
    let mut stream = ListGroups::at_pace(fake.clone(), pace).stream();
    let error = block_on(stream.next()).unwrap().unwrap_err();
    assert!(error.is_config() && error.to_string().contains("enable_time"), "{error}");
    assert_eq!((fake.requests().len(), stream.progress().requests, stream.progress().retries), (1, 1, 0));
}

#[test]
fn a_wait_that_began_in_a_runtime_that_was_shut_down_continues_in_another() {
    let runtime = || Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let fake = fake(1).script([Fault::Error(Error::api(503, None, "Busy").with_retry_after(20 * SECOND))]);
    let mut retries = ListGroups::from_source(fake).stream();
    let list = ListGroups::at_pace(self::fake(1), one_a_second());
    let mut waits = list.stream();
    runtime().block_on(async {
        list.page().await.unwrap();
        poll_fn(|cx| {
            assert!(retries.poll_next_unpin(cx).is_pending() && waits.poll_next_unpin(cx).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    });
    runtime().block_on(async {
        assert!(retries.next().await.is_some_and(|group| group.is_ok()));
        assert!(waits.next().await.is_some_and(|group| group.is_ok()));
    });
}

#[test]
fn a_retry_that_cannot_wait_any_longer_is_the_error_of_its_last_attempt() {
    let fake = fake(1).script([Fault::Error(Error::api(503, None, "Busy").with_retry_after(20 * SECOND))]);
    let mut stream = ListGroups::from_source(fake).stream();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async { assert!(stream.next().now_or_never().is_none()) });
    drop(runtime);
    let error = block_on(stream.next()).unwrap().unwrap_err();
    assert_eq!((error.status(), error.attempts()), (Some(503), 1));
}
