//! Bodies before they are JSON: byte order marks, HTML, plain text; and texts for errors.

use crate::error::mask;

/// The longest secret, a percent-encoded cursor of 4 KiB, fits.
pub(super) const MAX_EXCERPT_BYTES: usize = 16 * 1024;

pub(super) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The server's text for an error: masked, one line, at most `max` bytes.
pub(super) fn clean(text: &str, secrets: &[&str], max: usize) -> String {
    mask::tidy(&mask::access_tokens(&mask::secrets(text, secrets)), max)
}

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

/// The start of a text, longer than what is shown, so that secrets are found whole. `None` if the body is binary.
pub(super) fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(MAX_EXCERPT_BYTES + 1)]);
    let is_binary = |c: char| c.is_control() && !c.is_ascii_whitespace();
    (!text.contains(is_binary)).then(|| excerpt(&text).to_owned())
}

/// The start of a text, longer than what is shown, so that secrets are found whole.
pub(super) fn excerpt(text: &str) -> &str {
    mask::cut(text, MAX_EXCERPT_BYTES)
}

/// An excerpt of a body that is not understood, in one line. `None` if the body is binary, has neither letter nor digit, or
/// has ids: those of groups contain phone numbers.
pub(super) fn shown(body: &[u8], secrets: &[&str]) -> Option<String> {
    /// About three lines of a terminal.
    const MAX_SHOWN_BYTES: usize = 200;
    let text = plain_text(body)?;
    let words: Vec<_> = text.split_whitespace().collect();
    let line = clean(&words.join(" "), secrets, MAX_SHOWN_BYTES);
    (line.contains(char::is_alphanumeric) && !text.contains("\"id")).then(|| format!("excerpt of the body: {line}"))
}
