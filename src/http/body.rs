//! A response's body, of bounded size.

use std::time::Duration;

use reqwest::header::TRANSFER_ENCODING;
use reqwest::{Response, Version};

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
///
/// An announced length that is too large is believed, and no other: memory is taken for bytes that have come.
pub(super) async fn read_page(mut response: Response, max: usize, timeouts: &mut Timeouts) -> Result<Vec<u8>> {
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max)) {
        return Err(Error::too_large(max));
    }
    let mut body = Vec::new();
    while let Some(chunk) = timeouts.step(response.chunk()).await?.map_err(classify)? {
        if chunk.len() > max - body.len() {
            return Err(Error::too_large(max));
        }
        make_room(&mut body, chunk.len(), max);
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Makes room for so many bytes more: doubles, but never takes more than `max` altogether.
fn make_room(body: &mut Vec<u8>, more: usize, max: usize) {
    let needed = body.len() + more;
    if needed > body.capacity() {
        let capacity = body.capacity().saturating_mul(2).min(max).max(needed);
        body.reserve_exact(capacity - body.len());
    }
}

/// Whether the end of the connection is all that ends the body, so that an empty one may have been cut.
pub(super) fn ends_with_the_connection(response: &Response) -> bool {
    response.version() < Version::HTTP_2
        && response.content_length().is_none()
        && !response.headers().contains_key(TRANSFER_ENCODING)
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
