use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::Sleep;

use super::{FakeGroups, Fault};
use crate::error::Result;
use crate::page::Page;
use crate::source::PageRequest;

/// The future of a [`FakeGroups`]' answer.
///
/// # Panics
///
/// When polled after its answer, and with [`Fault::Panic`].
#[must_use = "futures do nothing unless polled"]
pub struct FakeFetch {
    fake: FakeGroups,
    request: PageRequest,
    stage: Stage,
}

enum Stage {
    NotStarted,
    InFlight(Wait),
    Answered,
}

enum Wait {
    None,
    Polls(u32),
    Time(Pin<Box<Sleep>>),
    Forever,
    /// No wait. This is the answer.
    Scripted(Box<Result<Page>>),
}

impl FakeFetch {
    pub(super) fn new(fake: FakeGroups, request: PageRequest) -> Self {
        Self { fake, request, stage: Stage::NotStarted }
    }

    fn start(&mut self) -> Wait {
        let mut state = self.fake.state();
        let index = state.requests.len();
        state.requests.push(self.request.clone());
        state.in_flight += 1;
        let hook = state.on_request.clone();
        drop(state);
        // In flight from here on, also if the hook or the fault panics.
        self.stage = Stage::InFlight(Wait::Forever);
        if let Some(hook) = hook {
            hook(index, &self.fake);
        }
        match self.take_fault(index) {
            Fault::None => Wait::None,
            Fault::Error(error) => Wait::Scripted(Box::new(Err(error))),
            Fault::Page(page) => Wait::Scripted(Box::new(Ok(page))),
            Fault::Pending(polls) => Wait::Polls(polls),
            Fault::Delay(time) => Wait::Time(Box::pin(tokio::time::sleep(time))),
            Fault::Hang => Wait::Forever,
            Fault::Panic => panic!("scripted fault: request {index} panics"),
        }
    }

    fn take_fault(&self, index: usize) -> Fault {
        self.fake.state().faults.remove(&index).unwrap_or_default()
    }
}

impl Future for FakeFetch {
    type Output = Result<Page>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if matches!(this.stage, Stage::NotStarted) {
            this.stage = Stage::InFlight(this.start());
        }
        let Stage::InFlight(wait) = &mut this.stage else {
            panic!("a fetch was polled after its answer");
        };
        match wait {
            Wait::None | Wait::Polls(0) | Wait::Scripted(_) => {}
            Wait::Polls(polls) => {
                *polls -= 1;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Wait::Time(sleep) => ready!(sleep.as_mut().poll(cx)),
            Wait::Forever => return Poll::Pending,
        }
        let mut state = this.fake.state();
        state.in_flight -= 1;
        Poll::Ready(match mem::replace(&mut this.stage, Stage::Answered) {
            Stage::InFlight(Wait::Scripted(answer)) => *answer,
            _ => state.list.answer(&this.request),
        })
    }
}

impl Drop for FakeFetch {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::InFlight(_)) {
            let mut state = self.fake.state();
            state.in_flight -= 1;
            state.dropped += 1;
        }
    }
}

impl fmt::Debug for FakeFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeFetch").field("request", &self.request).finish_non_exhaustive()
    }
}
