//! A response's body, of bounded size.

use std::time::Duration;

use reqwest::Response;

use super::classify::classify;
use super::timeouts::Timeouts;
use crate::error::{Error, Result};

/// How much of an error's body is read, in bytes. The API's errors are a few hundred; an HTML page that has its title
/// further in than this says nothing that matters.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// How long an error's body is waited for. The status has arrived and says what matters; a server that hangs in its
/// body may not delay the news for a whole attempt.
pub(super) const REFUSAL_PATIENCE: Duration = Duration::from_secs(5);

/// Reads a body of at most `max` bytes. What is counted is what comes out of decompression, should another crate have
/// switched that on in reqwest: a small answer can unpack to any size.
pub(super) async fn read_page(mut response: Response, max: usize, timeouts: &mut Timeouts) -> Result<Vec<u8>> {
    let too_large = || Error::too_large(max);
    let announced = match response.content_length().map(usize::try_from) {
        Some(Ok(length)) if length <= max => length,
        Some(_) => return Err(too_large()),
        None => 0,
    };
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = timeouts.step(response.chunk()).await?.map_err(classify)? {
        if chunk.len() > max - body.len() {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// As much of an error's body as comes without trouble.
pub(super) async fn read_refusal(mut response: Response, mut timeouts: Timeouts) -> Vec<u8> {
    let mut body = Vec::new();
    timeouts.at_most(REFUSAL_PATIENCE);
    // Out of time is as good as the end.
    while let Ok(Ok(Some(chunk))) = timeouts.step(response.chunk()).await {
        let room = MAX_REFUSAL_BYTES - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() == MAX_REFUSAL_BYTES {
            break;
        }
    }
    body
}
