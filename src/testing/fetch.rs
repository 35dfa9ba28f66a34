use std::future::pending;
use std::sync::Arc;

use tokio::task::yield_now;
use tokio::time::sleep;

use super::{FakeGroups, Fault, Hook};
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::page::Page;
use crate::source::PageRequest;

impl FakeGroups {
    /// Records a request, and answers it.
    pub(super) async fn answer(self, request: PageRequest, credential: Option<Credential>) -> Result<Page> {
        let mut in_flight = InFlight { fake: self, is_answered: false };
        let fake = &in_flight.fake;
        let (index, hook) = fake.record(&request);
        if let Some(hook) = hook {
            hook(index, fake);
        }
        let fault = fake.state().faults.remove(&index).unwrap_or_default();
        let scripted = match fault {
            Fault::None => None,
            Fault::Error(error) => Some(Err(error)),
            Fault::Page(page) => Some(Ok(page)),
            Fault::Pending(polls) => {
                for _ in 0..polls {
                    yield_now().await;
                }
                None
            }
            Fault::Delay(time) => {
                sleep(time).await;
                None
            }
            Fault::Hang => pending().await,
            Fault::Panic => panic!("scripted fault: request {index} panics"),
        };
        let demand = fake.state().demand.clone();
        let is_accepted = || demand.is_none_or(|accepts| credential.is_some_and(|credential| accepts(&credential)));
        let answer = match scripted {
            Some(answer) => answer,
            None if is_accepted() => fake.state().list.answer(&request),
            None => Err(Error::api(401, None, "Authentication Failed")),
        };
        in_flight.is_answered = true;
        answer
    }

    /// The number of the request, and the hook to call.
    fn record(&self, request: &PageRequest) -> (usize, Option<Arc<Hook>>) {
        let mut state = self.state();
        state.requests.push(request.clone());
        state.in_flight += 1;
        (state.requests.len() - 1, state.on_request.clone())
    }
}

/// Counts a request that is dropped, or panics.
struct InFlight {
    fake: FakeGroups,
    is_answered: bool,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.fake.state();
        state.in_flight -= 1;
        state.dropped += usize::from(!self.is_answered);
    }
}
