//! How often the clones of a client ask: never more than so many requests in any stretch of so much time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A sliding window over the requests of the last `per`.
///
/// Whoever wants to ask stands in line for the lock, which tokio hands on in the order of arrival, and holds it until
/// its turn has come: so every stream advances. A turn is noted when it is taken, so that giving up in the line, or at
/// its head, costs nothing.
///
/// A token bucket would allow twice as many requests in some windows, and the crates for it do not run on tokio's clock.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// When the last requests began, at most `requests` of them, oldest first.
    began: Mutex<VecDeque<Instant>>,
    requests: usize,
    per: Duration,
}

impl RateLimit {
    pub(crate) fn new(requests: u32, per: Duration) -> Self {
        Self { began: Mutex::default(), requests: requests as usize, per }
    }

    /// Comes back when a request may be made, and counts it.
    pub(crate) async fn turn(&self) {
        let mut began = self.began.lock().await;
        if began.len() >= self.requests {
            if let Some(free) = began.front().and_then(|oldest| oldest.checked_add(self.per)) {
                sleep_until(free).await;
            }
            began.pop_front();
        }
        began.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn no_window_holds_more_requests_than_allowed() {
        let limit = RateLimit::new(3, SECOND);
        let start = Instant::now();
        let mut turns = Vec::new();
        for n in 0..12 {
            limit.turn().await;
            turns.push(start.elapsed());
            tokio::time::advance(Duration::from_millis(n * 37)).await;
        }
        assert!(turns.windows(4).all(|four| four[0] + SECOND <= four[3]), "{turns:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_in_the_line_costs_no_turn() {
        let limit = RateLimit::new(1, SECOND);
        let start = Instant::now();
        limit.turn().await;
        for _ in 0..5 {
            assert!(limit.turn().now_or_never().is_none());
        }
        limit.turn().await;
        assert_eq!(start.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_handed_out_in_the_order_of_arrival() {
        let limit = Arc::new(RateLimit::new(1, SECOND));
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut line = Vec::new();
        for n in 0..5 {
            let (limit, order) = (Arc::clone(&limit), Arc::clone(&order));
            line.push(tokio::spawn(async move {
                limit.turn().await;
                order.lock().unwrap().push(n);
            }));
            tokio::task::yield_now().await;
        }
        futures::future::join_all(line).await;
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
    }
}
