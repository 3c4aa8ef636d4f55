//! Rejects the character NUL in bodies, queries and paths, by name: PostgreSQL stores it in no text, and nobody means it.

use std::fmt;

use memchr::memmem;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// Returns whether JSON text may contain a NUL. Valid JSON can hold it only as the escape `\u0000`.
pub(crate) fn may_be_in(json: &[u8]) -> bool {
    memmem::find(json, br"\u0000").is_some()
}

/// Returns the name of the first query parameter that contains a NUL.
pub(crate) fn in_query(query: &str) -> Option<&str> {
    let mut all = query.split('&').filter(|parameter| parameter.contains("%00"));
    all.next()
        .map(|parameter| parameter.split('=').next().unwrap_or_default())
}

/// Any JSON whose texts and names hold no NUL. Deserializing it checks that and keeps nothing.
pub(crate) struct Free;

impl<'de> Deserialize<'de> for Free {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = Free;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Free, E> {
        match text.contains('\0') {
            true => Err(E::custom("must not contain the character U+0000 (NUL)")),
            false => Ok(Free),
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<Free, E> {
        Ok(Free)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Free, E> {
        Ok(Free)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Free, E> {
        Ok(Free)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Free, E> {
        Ok(Free)
    }

    fn visit_unit<E>(self) -> Result<Free, E> {
        Ok(Free)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Free, A::Error> {
        while items.next_element::<Free>()?.is_some() {}
        Ok(Free)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Free, A::Error> {
        while members.next_entry::<Free, Free>()?.is_some() {}
        Ok(Free)
    }
}
