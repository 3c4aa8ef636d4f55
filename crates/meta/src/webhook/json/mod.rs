//! Borrowed JSON tree with lenient accessors. Meta sends ids as strings or numbers, times as either, and empty strings for what is missing,
//! so a value of the wrong shape reads as absent.

mod members;
mod tree;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Number;

pub(super) use members::{Members, ObjectKey, elements};

/// Maximum length of an id, in bytes, so that it fits a unique index; Meta's longest are about 140.
const MAX_ID_BYTES: usize = 512;

/// Plausible times in Unix seconds: 2009-01-01 (the year WhatsApp was founded) to 2100-01-01.
const VALID_SECONDS: std::ops::Range<i64> = 1_230_768_000..4_102_444_800;

static NULL: JsonTree<'static> = JsonTree::Null;

#[derive(Debug, Default)]
pub(super) enum JsonTree<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<JsonTree<'a>>),
    Object(Vec<(Cow<'a, str>, JsonTree<'a>)>),
}

impl<'a> JsonTree<'a> {
    /// Parses text that [`clean`](super::clean::clean) has sanitised and that is known to be one JSON value.
    pub(super) fn read(text: &'a str) -> JsonTree<'a> {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Returns the member of that name, the last one if repeated (as in JSONB); `Null` if there is none.
    pub(super) fn get(&self, key: &str) -> &JsonTree<'a> {
        match self {
            JsonTree::Object(members) => members
                .iter()
                .rev()
                .find(|(name, _)| name == key)
                .map_or(&NULL, |(_, it)| it),
            _ => &NULL,
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, JsonTree::Object(_))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, JsonTree::Null)
    }

    pub(super) fn list(&self) -> &[JsonTree<'a>] {
        match self {
            JsonTree::List(elements) => elements,
            _ => &[],
        }
    }

    pub(super) fn str(&self) -> Option<&str> {
        match self {
            JsonTree::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Returns a non-empty string, or a number as its digits.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            JsonTree::Text(text) if !text.is_empty() => Some(text.to_string()),
            JsonTree::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns a [`text`](Self::text) of at most [`MAX_ID_BYTES`]. Longer ones are not even copied: every item of a body may ask for it.
    pub(super) fn id(&self) -> Option<String> {
        match self {
            JsonTree::Text(text) if text.len() > MAX_ID_BYTES => None,
            _ => self.text().filter(|id| id.len() <= MAX_ID_BYTES),
        }
    }

    /// Returns a [`text`](Self::text) truncated to so many bytes.
    pub(super) fn text_within(&self, bytes: usize) -> Option<String> {
        match self {
            JsonTree::Text(text) if text.len() > bytes => Some(text[..text.floor_char_boundary(bytes)].to_owned()),
            _ => self.text(),
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            JsonTree::Bool(flag) => Some(*flag),
            JsonTree::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn int(&self) -> Option<i64> {
        match self {
            // Out-of-range floats saturate.
            JsonTree::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
            JsonTree::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn float(&self) -> Option<f64> {
        match self {
            JsonTree::Number(number) => number.as_f64(),
            JsonTree::Text(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()),
            _ => None,
        }
    }

    /// Parses Unix seconds or milliseconds (told apart by size), as number or string; implausible times are absent.
    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        let number = self.int()?;
        if VALID_SECONDS.contains(&number) {
            DateTime::from_timestamp(number, 0)
        } else if VALID_SECONDS.contains(&(number / 1000)) {
            DateTime::from_timestamp_millis(number)
        } else {
            None
        }
    }
}
