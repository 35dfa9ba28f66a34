//! What a body is before it is JSON: marks, white space, HTML, plain text; and how much of it an error may show.

use crate::error::mask;

/// How much of a text is looked at, in bytes. The longest secret, a cursor of 4 KiB percent-encoded, fits in.
pub(super) const MAX_EXCERPT_BYTES: usize = 16 * 1024;

/// The body without its byte order mark.
pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The server's text as an error may show it: without secrets, on one line, and of at most `max` bytes.
pub(super) fn clean(text: &str, secrets: &[&str], max: usize) -> String {
    mask::tidy(&mask::access_tokens(&mask::secrets(text, secrets)), max)
}

/// The text of the first `<title>`.
pub(super) fn html_title(body: &[u8]) -> Option<&str> {
    let find = |from: usize, tag: &[u8]| {
        body[from..].windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag)).map(|at| from + at)
    };
    let open = find(0, b"<title")?;
    let start = find(open, b">")? + 1;
    let end = find(start, b"</title")?;
    let title = std::str::from_utf8(&body[start..end]).ok()?.trim();
    (!title.is_empty()).then_some(title)
}

/// The body, where it is text that a person could have written.
pub(super) fn plain_text(body: &[u8]) -> Option<&str> {
    // A bounded read may have cut the last character in two.
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&body[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let binary = |c: char| c.is_control() && !c.is_ascii_whitespace();
    (!text.contains(binary)).then_some(text)
}

/// The beginning of a text that an error may quote: more than it will show, so that what is masked is masked whole.
pub(super) fn excerpt(text: &str) -> &str {
    mask::cut(text, MAX_EXCERPT_BYTES)
}
