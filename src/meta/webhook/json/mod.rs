//! A borrowed JSON tree that answers "is this there, and usable?" and nothing else. Meta sends ids as strings or
//! numbers, times as either, and empty strings for what is missing, so every reader here is lenient: what has the
//! wrong shape reads as absent.

mod members;
mod tree;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Number;

pub(super) use members::{Key, Members, elements};

/// Longer ids than this would not fit a unique index; Meta's longest are about 140 bytes.
const LONGEST_ID: usize = 512;

/// 2009-01-01, the year WhatsApp was founded, and 2100-01-01, in seconds: times outside are mistakes.
const SANE_SECONDS: std::ops::Range<i64> = 1_230_768_000..4_102_444_800;

static NULL: Json<'static> = Json::Null;

#[derive(Debug, Default)]
pub(super) enum Json<'a> {
    #[default]
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// Reads text that [`clean`](super::clean::clean) has passed and that is known to be one JSON value.
    pub(super) fn read(text: &'a str) -> Json<'a> {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// The member of that name, the last one if it is repeated (as JSONB has it); `Null` when there is none.
    pub(super) fn get(&self, key: &str) -> &Json<'a> {
        match self {
            Json::Object(members) => members
                .iter()
                .rev()
                .find(|(name, _)| name == key)
                .map_or(&NULL, |(_, it)| it),
            _ => &NULL,
        }
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Json::Object(_))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    pub(super) fn list(&self) -> &[Json<'a>] {
        match self {
            Json::List(elements) => elements,
            _ => &[],
        }
    }

    pub(super) fn str(&self) -> Option<&str> {
        match self {
            Json::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A string that is not empty, or a number as its digits.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Json::Text(text) if !text.is_empty() => Some(text.to_string()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Like [`text`](Self::text), for what ends up in an index. What is too long is not even copied: every item of a body may ask for it.
    pub(super) fn id(&self) -> Option<String> {
        match self {
            Json::Text(text) if text.len() > LONGEST_ID => None,
            _ => self.text().filter(|id| id.len() <= LONGEST_ID),
        }
    }

    /// Like [`text`](Self::text), but no more than so many bytes of it.
    pub(super) fn text_within(&self, bytes: usize) -> Option<String> {
        match self {
            Json::Text(text) if text.len() > bytes => Some(text[..text.floor_char_boundary(bytes)].to_owned()),
            _ => self.text(),
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Json::Bool(flag) => Some(*flag),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(super) fn int(&self) -> Option<i64> {
        match self {
            // A float beyond the range of i64 saturates, which is as good as any reading of it.
            Json::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
            Json::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn float(&self) -> Option<f64> {
        match self {
            Json::Number(number) => number.as_f64(),
            Json::Text(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()),
            _ => None,
        }
    }

    /// Unix seconds, as a number or a string; milliseconds are recognised by their size, nonsense is absent.
    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        let number = self.int()?;
        if SANE_SECONDS.contains(&number) {
            DateTime::from_timestamp(number, 0)
        } else if SANE_SECONDS.contains(&(number / 1000)) {
            DateTime::from_timestamp_millis(number)
        } else {
            None
        }
    }
}
