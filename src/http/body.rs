use std::time::Duration;

use reqwest::header::TRANSFER_ENCODING;
use reqwest::{Response, Version};
use tokio::time::timeout;

use super::classify::classify;
use crate::error::{Error, Result};

/// The API's error bodies have a few hundred bytes; 64 KiB also include the title of most HTML pages.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// A server that stalls must not delay the status, which has arrived.
pub(super) const REFUSAL_TIMEOUT: Duration = Duration::from_secs(5);

/// `max` counts decompressed bytes: another crate may have enabled decompression in reqwest.
pub(super) async fn read_page(mut response: Response, max: usize) -> Result<Vec<u8>> {
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max)) {
        return Err(Error::too_large(max));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if chunk.len() > max - body.len() {
            return Err(Error::too_large(max));
        }
        reserve(&mut body, chunk.len(), max);
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn reserve(body: &mut Vec<u8>, more: usize, max: usize) {
    let needed = body.len() + more;
    if needed > body.capacity() {
        let capacity = body.capacity().saturating_mul(2).min(max).max(needed);
        body.reserve_exact(capacity - body.len());
    }
}

/// Such a body may be truncated.
pub(super) fn ends_with_the_connection(response: &Response) -> bool {
    response.version() < Version::HTTP_2
        && response.content_length().is_none()
        && !response.headers().contains_key(TRANSFER_ENCODING)
}

/// What arrives of the body of an error, within its limits.
pub(super) async fn read_refusal(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = MAX_REFUSAL_BYTES - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() == MAX_REFUSAL_BYTES {
                break;
            }
        }
    };
    // A body that is cut is read as far as it goes.
    let _ = timeout(REFUSAL_TIMEOUT, read).await;
    body
}
