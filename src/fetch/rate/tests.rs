//! The gate under a paused clock, which moves only when every waiter sleeps.

use futures::FutureExt as _;
use futures::future::{join_all, select_all};
use tokio::time::{advance, sleep};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// The times of these turns since the start, in order.
async fn turns(gate: &Gate, count: usize) -> Vec<Duration> {
    let began = Instant::now();
    let turn = || async {
        gate.turn(MINUTE).await.unwrap();
        began.elapsed()
    };
    join_all((0..count).map(|_| turn())).await
}

/// The most requests in any window.
fn most_in_a_window(times: &[Duration], per: Duration) -> usize {
    let within = |first: &Duration| times.iter().filter(|time| **time >= *first && **time < *first + per).count();
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_no_request_waits() {
    assert_eq!(turns(&Gate::open(), 100).await, [Duration::ZERO; 100]);
}

#[tokio::test(start_paused = true)]
async fn requests_are_spaced_evenly_and_served_in_the_order_of_arrival() {
    let times = turns(&Gate::with_limit(10, SECOND), 500).await;
    assert!(times.is_sorted());
    assert_eq!(most_in_a_window(&times, SECOND), 10);
    let expected = Duration::from_micros(100_500) * 499;
    assert!(times[499] >= expected && times[499] < expected + Duration::from_millis(500), "{:?}", times[499]);
}

#[tokio::test(start_paused = true)]
async fn a_high_rate_is_reached_although_timers_have_milliseconds() {
    let times = turns(&Gate::with_limit(200, SECOND / 2), 1_000).await;
    assert!(most_in_a_window(&times, SECOND / 2) <= 200);
    assert!(times[999] < Duration::from_millis(2_600), "{:?}", times[999]);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_not_polled_delays_nobody_and_gets_another_time() {
    let gate = Gate::with_limit(1, SECOND);
    turns(&gate, 1).await;
    let mut idle = Box::pin(gate.turn(MINUTE));
    assert!(idle.as_mut().now_or_never().is_none());
    let times = turns(&gate, 3).await;
    assert!(times[2] < Duration::from_millis(4_100), "{times:?}");

    // It lost its time, and does not begin beside the others.
    let (began, mut busy) = (Instant::now(), vec![idle]);
    busy.push(Box::pin(gate.turn(MINUTE)));
    let (turn, _, rest) = select_all(busy).await;
    let first = began.elapsed();
    assert!(turn.is_ok() && select_all(rest).await.0.is_ok());
    assert!(began.elapsed() >= first + SECOND, "{first:?} {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn times_that_dropped_waiters_had_reserved_are_free_again() {
    let gate = Gate::with_limit(1, SECOND);
    turns(&gate, 1).await;
    let mut waiters: Vec<_> = (0..100).map(|_| Box::pin(gate.turn(MINUTE))).collect();
    for waiter in &mut waiters {
        assert!(waiter.as_mut().now_or_never().is_none());
    }
    drop(waiters);
    assert!(turns(&gate, 1).await[0] < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn many_late_waiters_never_begin_together() {
    let gate = Gate::with_limit(10, SECOND);
    turns(&gate, 1).await;
    let mut waiters: Vec<_> = (0..50).map(|_| Box::pin(gate.turn(MINUTE))).collect();
    for waiter in &mut waiters {
        assert!(waiter.as_mut().now_or_never().is_none());
    }
    // All lose their times.
    advance(60 * SECOND).await;
    let began = Instant::now();
    let times = join_all(waiters.into_iter().map(|waiter| async move {
        waiter.await.unwrap();
        began.elapsed()
    }))
    .await;
    assert!(most_in_a_window(&times, SECOND) <= 10, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_while_the_server_asks_to_wait() {
    for gate in [Gate::open(), Gate::with_limit(10, SECOND)] {
        gate.close(20 * SECOND);
        let times = turns(&gate, 3).await;
        assert!(times[0] >= 20 * SECOND && times[0] < 21 * SECOND, "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_waits_longer_where_the_server_asks_to_wait_meanwhile() {
    let gate = Gate::with_limit(1, SECOND);
    turns(&gate, 1).await;
    let waiter = turns(&gate, 1);
    let closed = async {
        sleep(SECOND / 2).await;
        gate.close(9 * SECOND);
    };
    let (times, ()) = futures::join!(waiter, closed);
    assert!(times[0] >= Duration::from_millis(9_500), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_than_a_minute_is_an_error_at_once_until_a_minute_is_left() {
    let gate = Gate::open();
    gate.close(120 * SECOND);
    let error = gate.turn(MINUTE).now_or_never().unwrap().unwrap_err();
    assert!(error.is_rate_limited() && error.attempts() == 0, "{error}");
    assert_eq!(error.retry_after(), Some(120 * SECOND));
    assert!(gate.turn(120 * SECOND).now_or_never().is_none(), "a patient one waits");
    advance(60 * SECOND).await;
    assert_eq!(turns(&gate, 1).await[0].as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn an_absurd_wait_holds_requests_for_an_hour() {
    let gate = Gate::open();
    gate.close(Duration::MAX);
    advance(Duration::from_secs(3_600)).await;
    assert_eq!(turns(&gate, 1).await, [Duration::ZERO]);
}

#[tokio::test(start_paused = true)]
async fn absurd_limits_neither_panic_nor_overflow() {
    let gate = Gate::with_limit(1, Duration::MAX);
    assert_eq!(turns(&gate, 1).await, [Duration::ZERO]);
    assert!(gate.turn(MINUTE).now_or_never().is_none());
    let gate = Gate::with_limit(u32::MAX, Duration::from_nanos(1));
    assert_eq!(turns(&gate, 9).await.len(), 9);
}
