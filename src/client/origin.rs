//! The checks of the base URL and the app id.

use std::net::IpAddr;

use percent_encoding::utf8_percent_encode;

use crate::error::mask::ENCODED;
use crate::error::{Error, Result};
use crate::http::Url;

/// The API's ids are UUIDs of 36 bytes.
const MAX_APP_ID_BYTES: usize = 256;

pub(super) fn base_url(url: &str, allow_plain_http: bool) -> Result<Url> {
    let url = Url::parse(url).map_err(|error| {
        Error::config(format!("the base URL is not a URL ({error}): write it as https://host/prefix"))
    })?;
    match flaw(&url) {
        Some(flaw) => Err(Error::config(format!("the base URL {flaw}"))),
        None if url.scheme() == "http" && !allow_plain_http && !is_loopback(&url) => Err(Error::plain_http()),
        None => Ok(url),
    }
}

/// What is wrong, and what to do.
fn flaw(url: &Url) -> Option<&'static str> {
    Some(match url.scheme() {
        "https" | "http" if url.host_str().is_none_or(str::is_empty) => "has no host: write it as https://host/prefix",
        "https" | "http" if !url.username().is_empty() || url.password().is_some() => {
            "contains a user or a password: remove them, since only the credential is sent"
        }
        "https" | "http" if url.query().is_some() => "contains a query: remove the `?` and the text after it",
        "https" | "http" if url.fragment().is_some() => "contains a fragment: remove the `#` and the text after it",
        "https" | "http" => return None,
        _ => "is neither https nor http: write it as https://host/prefix",
    })
}

/// Whether the host is this machine. Other names may resolve to it too, but their owners can change that.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `{base}/app/{app}/group`, with the id as one segment.
pub(super) fn list_url(base: &Url, app_id: &str) -> Result<Url, &'static str> {
    match app_id {
        "" => return Err("the app id is empty: pass the id that Gupshup's dashboard shows for the app"),
        // Such path segments would change the path.
        "." | ".." => return Err("the app id is not valid: pass the id that Gupshup's dashboard shows for the app"),
        id if id.len() > MAX_APP_ID_BYTES => return Err("the app id is longer than 256 bytes: pass the app's UUID"),
        id if id.contains(char::is_control) => {
            return Err("the app id contains control characters: pass the app's UUID");
        }
        _ => {}
    }
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/app/{}/group", utf8_percent_encode(app_id, ENCODED)));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_app_id_is_one_path_segment_after_the_prefix() {
        for (base, app_id, expected) in [
            ("https://h", "app", "https://h/app/app/group"),
            ("https://h/", "app", "https://h/app/app/group"),
            ("https://h/wa", "app", "https://h/wa/app/app/group"),
            ("https://h:8443/a%20b/wa//", "app", "https://h:8443/a%20b/wa/app/app/group"),
            ("https://h", "a/b", "https://h/app/a%2Fb/group"),
            ("https://h", "a\\b", "https://h/app/a%5Cb/group"),
            ("https://h", "a?b", "https://h/app/a%3Fb/group"),
            ("https://h", "a#b", "https://h/app/a%23b/group"),
            ("https://h", "%2e%2e", "https://h/app/%252e%252e/group"),
            ("https://h", "...", "https://h/app/.../group"),
            ("https://h", " é", "https://h/app/%20%C3%A9/group"),
        ] {
            assert_eq!(list_url(&base.parse().unwrap(), app_id).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn an_app_id_that_cannot_be_one_segment_is_refused() {
        let long = "a".repeat(MAX_APP_ID_BYTES + 1);
        for app_id in ["", ".", "..", "a\nb", "a\0", "\u{85}", &long] {
            assert!(list_url(&"https://h".parse().unwrap(), app_id).is_err(), "{app_id:?}");
        }
        assert!(list_url(&"https://h".parse().unwrap(), &long[1..]).is_ok());
    }
}
