//! The character NUL, which PostgreSQL keeps in no text and nobody means: refused in every body, query and path, by name.

use std::fmt;

use memchr::memmem;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// Whether JSON may contain a NUL. It stands there as the escape `\u0000` alone: the bare character is no JSON.
pub fn may_be_in(json: &[u8]) -> bool {
    memmem::find(json, br"\u0000").is_some()
}

/// The parameter of a query that contains a NUL.
pub fn in_query(query: &str) -> Option<&str> {
    let mut all = query.split('&').filter(|parameter| parameter.contains("%00"));
    all.next()
        .map(|parameter| parameter.split('=').next().unwrap_or_default())
}

/// Any JSON without a NUL in its texts and names. Nothing of it is kept.
pub struct Free;

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
