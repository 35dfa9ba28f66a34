//! The queue compared with a model without due times and wakers: whenever the window has room, the first waiter begins.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HOLD_MS: Time = 100;

/// Milliseconds since the beginning of a test.
type Time = u64;

/// The behaviour of a waiter. Only times of leaving are odd, so that no other event is at the same time.
#[derive(Clone, Debug)]
struct Script {
    arrives: Time,
    /// Gives up this long after it arrived.
    leaves: Option<Time>,
    polled: Polled,
}

/// When a waiter is polled after its arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Polled {
    /// Whenever it is due or woken.
    InTime,
    /// Never.
    Never,
    /// For the first time this long after, and then in time.
    After(Time),
}

impl Script {
    fn live(arrives: Time) -> Self {
        Self { arrives, leaves: None, polled: Polled::InTime }
    }

    fn is_live(&self) -> bool {
        self.polled == Polled::InTime
    }
}

/// When each waiter began.
type Begun = Vec<Option<Time>>;

/// A simulated runtime: polls a waiter when it arrives, when its timer fires and when it is woken.
struct World {
    start: Instant,
    queue: Queue<usize>,
    scripts: Vec<Script>,
    arrivals: Vec<Option<u64>>,
    begun: Begun,
    /// Future events, in order.
    events: BTreeMap<(Time, usize), Event>,
    scheduled: usize,
    polls: usize,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Arrive(usize),
    Wake(usize),
    Return(usize),
    Leave(usize),
}

impl World {
    fn run(requests: u32, per: Duration, scripts: &[Script]) -> Self {
        let mut world = Self {
            start: Instant::now(),
            queue: Queue::new(requests, per),
            scripts: scripts.to_vec(),
            arrivals: vec![None; scripts.len()],
            begun: vec![None; scripts.len()],
            events: BTreeMap::new(),
            scheduled: 0,
            polls: 0,
        };
        for (who, script) in scripts.iter().enumerate() {
            world.schedule(script.arrives, Event::Arrive(who));
            if let Polled::After(away) = script.polled {
                world.schedule(script.arrives + away, Event::Return(who));
            }
            if let Some(after) = script.leaves {
                world.schedule(script.arrives + after, Event::Leave(who));
            }
        }
        while let Some(((time, _), event)) = world.events.pop_first() {
            match event {
                Event::Arrive(who) => world.poll(who, time),
                Event::Return(who) => {
                    world.scripts[who].polled = Polled::InTime;
                    world.poll(who, time);
                }
                Event::Wake(who) if world.scripts[who].is_live() => world.poll(who, time),
                Event::Wake(_) => {}
                Event::Leave(who) => {
                    if let Some(arrival) = world.arrivals[who].take() {
                        let now = world.at(time);
                        world.queue.leave(arrival, now);
                        world.wake(time);
                    }
                }
            }
        }
        world
    }

    fn at(&self, time: Time) -> Instant {
        self.start + Duration::from_millis(time)
    }

    fn schedule(&mut self, time: Time, event: Event) {
        self.scheduled += 1;
        self.events.insert((time, self.scheduled), event);
    }

    fn poll(&mut self, who: usize, time: Time) {
        let waits = self.arrivals[who].is_some();
        if self.begun[who].is_some() || (!waits && time != self.scripts[who].arrives) {
            return;
        }
        self.polls += 1;
        let now = self.at(time);
        match self.queue.poll(&mut self.arrivals[who], now, &mut Some(who)) {
            Decision::Begin => self.begun[who] = Some(time),
            Decision::Wait(None) => {}
            Decision::Wait(Some(due)) => {
                assert!(due > now, "a due time that has passed makes a task spin");
                let due = due.duration_since(self.start).as_millis().try_into().unwrap();
                self.schedule(due, Event::Wake(who));
            }
        }
        self.wake(time);
    }

    fn wake(&mut self, time: Time) {
        for who in self.queue.released().called {
            self.schedule(time, Event::Wake(who));
        }
    }

    /// When requests began, in order.
    fn log(&self) -> Vec<Time> {
        let mut log: Vec<_> = self.begun.iter().flatten().copied().collect();
        log.sort_unstable();
        log
    }

    /// For each live waiter: its index, when it began, and when it would have begun if all had been live.
    fn compared_with_all_live(&self, requests: u32, per: Time) -> Vec<(usize, Option<Time>, Time)> {
        let all_live: Vec<_> =
            self.scripts.iter().map(|script| Script { polled: Polled::InTime, ..script.clone() }).collect();
        let model = model(requests, per, &all_live);
        (0..model.len())
            .filter(|who| self.scripts[*who].is_live())
            .filter_map(|who| Some((who, self.begun[who], model[who]?)))
            .collect()
    }

    #[track_caller]
    fn assert_rate(&self, requests: u32, per: Time) {
        let log = self.log();
        let both = log.iter().zip(log.iter().skip(requests as usize));
        assert!(both.clone().all(|(first, beyond)| first + per <= *beyond), "{log:?}");
    }
}

/// The model.
fn model(requests: u32, per: Time, scripts: &[Script]) -> Begun {
    let mut begun: Begun = vec![None; scripts.len()];
    let mut order: Vec<_> = (0..scripts.len()).collect();
    order.sort_by_key(|who| scripts[*who].arrives);
    let mut times: BTreeSet<Time> = scripts.iter().map(|script| script.arrives).collect();
    while let Some(now) = times.pop_first() {
        for who in &order {
            let script = &scripts[*who];
            let waits = script.arrives <= now && script.leaves.is_none_or(|after| now < script.arrives + after);
            let recent = begun.iter().flatten().filter(|begun| now < **begun + per).count();
            if waits && begun[*who].is_none() && recent < requests as usize {
                begun[*who] = Some(now);
                times.insert(now + per);
            }
        }
    }
    begun
}

fn even(most: Time) -> impl Strategy<Value = Time> {
    (0..=most / 2).prop_map(|half| half * 2)
}

fn scripts(polled: impl Strategy<Value = Polled> + Clone) -> impl Strategy<Value = Vec<Script>> {
    let leaves = proptest::option::weighted(0.3, even(3_000).prop_map(|time| time + 1));
    let script = (even(2_000), leaves, polled).prop_map(|(arrives, leaves, polled)| Script { arrives, leaves, polled });
    vec(script, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn waiters_that_are_polled_in_time_begin_as_in_the_model(
        requests in 1_u32..6, per in even(2_000), scripts in scripts(Just(Polled::InTime)),
    ) {
        let per = per + 2;
        let world = World::run(requests, Duration::from_millis(per), &scripts);
        prop_assert_eq!(&world.begun, &model(requests, per, &scripts));
        world.assert_rate(requests, per);
    }

    #[test]
    fn an_absent_waiter_delays_the_others_by_at_most_its_turn_and_the_hold(
        requests in 1_u32..6, per in even(2_000),
        scripts in scripts(prop_oneof![Just(Polled::InTime), Just(Polled::Never)]),
    ) {
        let per = per + 2;
        // A waiter that leaves in one run may have begun in the other, so the runs could not be compared.
        let scripts: Vec<_> = scripts.into_iter().map(|script| Script { leaves: None, ..script }).collect();
        let world = World::run(requests, Duration::from_millis(per), &scripts);
        world.assert_rate(requests, per);
        for (who, begun, latest) in world.compared_with_all_live(requests, per) {
            let ahead = scripts.iter().filter(|script| !script.is_live() && script.arrives <= scripts[who].arrives);
            prop_assert!(begun.is_some_and(|begun| begun <= latest + HOLD_MS * ahead.count() as Time));
        }
    }

    #[test]
    fn absent_waiters_that_arrived_together_delay_the_others_by_one_hold(
        requests in 1_u32..6, per in even(2_000),
        scripts in scripts(prop_oneof![Just(Polled::InTime), Just(Polled::Never)]),
    ) {
        let per = per + 2;
        let scripts: Vec<_> = scripts.into_iter().map(|script| Script { arrives: 0, leaves: None, ..script }).collect();
        let world = World::run(requests, Duration::from_millis(per), &scripts);
        world.assert_rate(requests, per);
        for (_, begun, latest) in world.compared_with_all_live(requests, per) {
            prop_assert!(begun.is_some_and(|begun| begun <= latest + HOLD_MS));
        }
    }

    #[test]
    fn a_waiter_that_returns_begins_and_the_rate_is_kept(
        requests in 1_u32..6, per in even(2_000),
        scripts in scripts(prop_oneof![Just(Polled::InTime), Just(Polled::Never), even(20_000).prop_map(Polled::After)]),
    ) {
        let per = per + 2;
        let world = World::run(requests, Duration::from_millis(per), &scripts);
        world.assert_rate(requests, per);
        for (script, begun) in scripts.iter().zip(&world.begun) {
            prop_assert!(begun.is_some() || script.leaves.is_some() || script.polled == Polled::Never, "{:?}", script);
        }
    }
}

#[test]
fn an_absent_waiter_delays_the_others_by_the_hold_and_takes_no_turn() {
    let parked = Script { polled: Polled::Never, ..Script::live(2) };
    let scripts = [Script::live(0), parked, Script::live(4), Script::live(6)];
    let world = World::run(1, 60 * SECOND, &scripts);
    assert_eq!(world.begun, [Some(0), None, Some(60_100), Some(120_100)]);
}

#[test]
fn many_absent_waiters_cost_one_hold_each_if_that_is_less_than_their_turns() {
    let parked = (0..10).map(|_| Script { polled: Polled::Never, ..Script::live(2) });
    let scripts: Vec<_> =
        [Script::live(0)].into_iter().chain(parked).chain([Script::live(4), Script::live(6)]).collect();
    let world = World::run(1, 60 * SECOND, &scripts);
    assert_eq!(world.log(), [0, 61_000, 121_000]);
}

#[test]
fn no_waker_is_dropped_by_the_queue_itself() {
    /// Dropping a waker may run any code, also code that needs the queue.
    struct Waker<'a>(&'a Cell<bool>);

    impl Drop for Waker<'_> {
        fn drop(&mut self) {
            assert!(!self.0.get(), "the queue is locked");
        }
    }

    let locked = Cell::new(false);
    let start = Instant::now();
    let mut queue = Queue::new(1, SECOND);
    let mut arrivals = vec![None; 40];
    for now in [0, 0, 500, 1_500, 1_500, 2_500].map(|now| start + Duration::from_millis(now)) {
        for arrival in &mut arrivals {
            let mut waker = Some(Waker(&locked));
            locked.set(true);
            queue.poll(arrival, now, &mut waker);
            let released = queue.released();
            locked.set(false);
            drop((waker, released));
        }
    }
    for arrival in arrivals.into_iter().flatten() {
        locked.set(true);
        let left = (queue.leave(arrival, start + 9 * SECOND), queue.released());
        locked.set(false);
        drop(left);
    }
}

#[test]
fn a_waiter_that_returns_has_its_old_place() {
    let late = Script { polled: Polled::After(2_500), ..Script::live(2) };
    let scripts = [Script::live(0), late, Script::live(4), Script::live(6), Script::live(8)];
    let world = World::run(1, SECOND, &scripts);
    assert_eq!(world.begun, [Some(0), Some(3_100), Some(1_100), Some(2_100), Some(4_100)]);
}

#[test]
fn when_many_leave_the_next_begin_at_once() {
    let leaving = (0..900).map(|_| Script { leaves: Some(501), ..Script::live(0) });
    let scripts: Vec<_> =
        [Script::live(0)].into_iter().chain(leaving).chain([Script::live(2), Script::live(4)]).collect();
    let world = World::run(1, 400 * SECOND, &scripts);
    assert_eq!(world.log(), [0, 400_000, 800_000]);
}

#[test]
fn a_waiter_is_polled_a_few_times_however_many_wait() {
    for (requests, per) in [(1, 10), (10, 1_000), (100, 1_000), (1, 1_000)] {
        let scripts: Vec<_> = (0..2_000).map(|_| Script::live(0)).collect();
        let world = World::run(requests, Duration::from_millis(per), &scripts);
        let holds = usize::try_from(world.log().last().unwrap() / HOLD_MS).unwrap();
        // Each is polled when it arrives and when it begins; in each hold, about ln 2000 are polled to find absent ones.
        assert!(world.polls <= 3 * scripts.len() + 8 * holds, "{} polls in {holds} holds", world.polls);
    }
}

#[test]
fn absurd_limits_behave() {
    let many: Vec<_> = (0..1_000).map(Script::live).collect();
    let world = World::run(u32::MAX, Duration::from_millis(1), &many);
    assert!(world.begun.iter().zip(0..).all(|(begun, arrives)| *begun == Some(arrives)));
    assert!(world.queue.begun.len() <= 1, "requests that have left the window are removed");

    let world = World::run(1, Duration::MAX, &many);
    assert_eq!(world.log(), [0], "the one request that is allowed, and never another");
    let world = World::run(u32::MAX, Duration::MAX, &many);
    assert_eq!(world.log().len(), 1_000);
}

#[test]
fn an_earlier_clock_reading_does_not_shorten_the_window() {
    let start = Instant::now();
    let mut queue = Queue::<()>::new(1, SECOND);
    assert_eq!(queue.poll(&mut None, start + SECOND, &mut None), Decision::Begin);
    assert_eq!(queue.poll(&mut None, start, &mut None), Decision::Wait(Some(start + 2 * SECOND)));
}
