//! Reads what a caller gave, member by member, so that every problem names its place.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{Invalid, hint::NOT_AN_OBJECT};

pub(super) type Read<T> = Result<T, Invalid>;

/// For text whose length Meta does not limit.
pub(super) const ANY: usize = usize::MAX;

/// A value, and where it stands.
pub(super) struct At<'a> {
    pub path: String,
    pub value: &'a Value,
}

/// An object whose members are taken one by one; what nobody takes is refused at the end.
pub(super) struct Object<'a> {
    pub path: String,
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> At<'a> {
    /// The payload of a message. No text in it may hold a NUL, which neither database nor WhatsApp takes.
    pub fn root(kind: &str, value: &'a Value) -> Read<Self> {
        let path = kind.to_owned();
        match nul_below(value) {
            Some(below) => Err(Invalid::new(path + &below, "must not contain the character U+0000")),
            None => Ok(Self { path, value }),
        }
    }

    pub fn problem(&self, problem: impl Into<String>) -> Invalid {
        Invalid::new(&self.path, problem)
    }

    pub fn object(&self) -> Read<Object<'a>> {
        let members = self.value.as_object().ok_or_else(|| self.problem(NOT_AN_OBJECT))?;
        Ok(Object {
            path: self.path.clone(),
            members,
            known: Vec::new(),
        })
    }

    pub fn list(&self, count: RangeInclusive<usize>) -> Read<Vec<At<'a>>> {
        let list = self.value.as_array().ok_or_else(|| self.problem("must be a list"))?;
        let (least, most, found) = (*count.start(), *count.end(), list.len());
        if found < least {
            return Err(self
                .problem(format!("must have at least {least}; this has {found}"))
                .limit(least));
        }
        if found > most {
            return Err(self
                .problem(format!("must have at most {most}; this has {found}"))
                .limit(most));
        }
        let at = |(index, value)| At {
            path: format!("{}[{index}]", self.path),
            value,
        };
        Ok(list.iter().enumerate().map(at).collect())
    }

    /// Text that says something, of at most so many characters.
    pub fn text(&self, most: usize) -> Read<String> {
        let text = self.value.as_str().ok_or_else(|| self.problem("must be text"))?;
        if text.trim().is_empty() {
            return Err(self.problem("must not be empty"));
        }
        let found = text.chars().count();
        if found > most {
            return Err(self
                .problem(format!("must be at most {most} characters; this has {found}"))
                .limit(most));
        }
        Ok(text.to_owned())
    }

    pub fn flag(&self) -> Read<bool> {
        self.value
            .as_bool()
            .ok_or_else(|| self.problem("must be true or false"))
    }

    pub fn whole(&self, range: RangeInclusive<i64>) -> Read<i64> {
        let (least, most) = (*range.start(), *range.end());
        let number = self.value.as_i64().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let problem = format!("must be a whole number from {least} to {most}");
            self.problem(problem).limit(usize::try_from(most).unwrap_or_default())
        })
    }

    /// An address on the web.
    pub fn url(&self, most: usize) -> Read<String> {
        let text = self.text(most)?;
        let web =
            reqwest::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if web {
            return Ok(text);
        }
        Err(self.problem("must be an address that begins with https:// or http://"))
    }

    pub fn one_of(&self, words: &[&'static str]) -> Read<&'static str> {
        let found = self
            .value
            .as_str()
            .and_then(|text| words.iter().find(|word| word.eq_ignore_ascii_case(text)));
        found.copied().ok_or_else(|| match words {
            [only] => self.problem(format!("must be {only}")),
            several => self.problem(format!("must be one of {}", several.join(", "))),
        })
    }
}

impl<'a> Object<'a> {
    pub fn problem(&self, problem: impl Into<String>) -> Invalid {
        Invalid::new(&self.path, problem)
    }

    /// A member that may be missing; `null` is missing too.
    pub fn maybe(&mut self, name: &'static str) -> Option<At<'a>> {
        self.known.push(name);
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        Some(At {
            path: format!("{}.{name}", self.path),
            value,
        })
    }

    pub fn must(&mut self, name: &'static str) -> Read<At<'a>> {
        let path = format!("{}.{name}", self.path);
        self.maybe(name).ok_or_else(|| Invalid::new(path, "is missing"))
    }

    pub fn text(&mut self, name: &'static str, most: usize) -> Read<String> {
        self.must(name)?.text(most)
    }

    pub fn maybe_text(&mut self, name: &'static str, most: usize) -> Read<Option<String>> {
        self.maybe(name).map(|at| at.text(most)).transpose()
    }

    pub fn maybe_flag(&mut self, name: &'static str) -> Read<Option<bool>> {
        self.maybe(name).map(|at| at.flag()).transpose()
    }

    /// Refuses what is left.
    pub fn end(self) -> Read<()> {
        match self.rest().keys().next() {
            None => Ok(()),
            Some(name) => {
                let mut known = self.known;
                known.sort_unstable();
                let problem = format!("is not known here; there are {}", known.join(", "));
                Err(Invalid::new(format!("{}.{name}", self.path), problem))
            }
        }
    }

    /// What nobody took.
    pub fn rest(&self) -> Map<String, Value> {
        let left = self
            .members
            .iter()
            .filter(|(name, value)| !self.known.contains(&name.as_str()) && !value.is_null());
        left.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Where the first NUL is, below a value.
fn nul_below(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .find_map(|(index, value)| Some(format!("[{index}]{}", nul_below(value)?))),
        Value::Object(members) => members.iter().find_map(|(name, value)| match name.contains('\0') {
            true => Some(String::new()),
            false => Some(format!(".{name}{}", nul_below(value)?)),
        }),
        _ => None,
    }
}
