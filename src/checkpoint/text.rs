//! The text of a checkpoint, and its version.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Checkpoint;
use crate::cursor::Direction;
use crate::error::{Error, Result};
use crate::walk::Place;

const NAME: &str = "gupshup-groups";
const VERSION: u32 = 3;

/// JSON in base64. A change of its types is a new [`VERSION`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<u64>,
    direction: Direction,
    place: Place,
}

/// One line of URL-safe text. It holds a cursor: protect it as you protect the list.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saved = Saved { list: self.list, direction: self.heading, place: self.place.clone() };
        let json = serde_json::to_vec(&saved).map_err(|_| fmt::Error)?;
        write!(f, "{NAME}:{VERSION}:{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for Checkpoint {
    type Err = Error;

    /// Parses the text of a checkpoint.
    ///
    /// # Errors
    ///
    /// [`Error::is_config`] if the text is not a checkpoint, is damaged, or has another version.
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let damaged = || Error::config("the checkpoint is damaged: list again from the start");
        let (version, body) =
            text.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(':')?.split_once(':')).ok_or_else(|| {
                Error::config(
                    "the text is not a checkpoint, which begins with \"gupshup-groups:\": save and read it as a whole",
                )
            })?;
        let version: u32 = version.parse().map_err(|_| damaged())?;
        let advice = match version.cmp(&VERSION) {
            Ordering::Less => Some("list again from the start"),
            Ordering::Equal => None,
            Ordering::Greater => Some("update gupshup-groups, or list again from the start"),
        };
        if let Some(advice) = advice {
            return Err(Error::config(format!(
                "the checkpoint has version {version}, and this version of the crate reads only {VERSION}: {advice}"
            )));
        }
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| damaged())?;
        let saved: Saved = serde_json::from_slice(&json).map_err(|_| damaged())?;
        let checkpoint = Self { list: saved.list, heading: saved.direction, place: saved.place };
        // Each place has exactly one text.
        if checkpoint.to_string() == text { Ok(checkpoint) } else { Err(damaged()) }
    }
}

impl Serialize for Checkpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Checkpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
