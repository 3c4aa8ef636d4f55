//! Reads a caller's JSON member by member, so that every error has a path.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{Invalid, hint::NOT_AN_OBJECT};

pub(super) type FieldResult<T> = Result<T, Invalid>;

/// Length limit of text that Meta does not limit.
pub(super) const UNLIMITED: usize = usize::MAX;

/// A JSON value with its path.
pub(super) struct Field<'a> {
    pub path: String,
    pub value: &'a Value,
}

/// A JSON object whose members are read one by one; unread ones are rejected by [`Self::deny_unknown`].
pub(super) struct Object<'a> {
    pub path: String,
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Field<'a> {
    /// Wraps the payload of a message. Rejects NULs in texts, which neither database nor WhatsApp accepts.
    pub fn root(kind: &str, value: &'a Value) -> FieldResult<Self> {
        let path = kind.to_owned();
        match find_nul(value) {
            Some(below) => Err(Invalid::new(path + &below, "must not contain the character U+0000")),
            None => Ok(Self { path, value }),
        }
    }

    pub fn problem(&self, problem: impl Into<String>) -> Invalid {
        Invalid::new(&self.path, problem)
    }

    pub fn object(&self) -> FieldResult<Object<'a>> {
        let members = self.value.as_object().ok_or_else(|| self.problem(NOT_AN_OBJECT))?;
        Ok(Object {
            path: self.path.clone(),
            members,
            known: Vec::new(),
        })
    }

    pub fn list(&self, count: RangeInclusive<usize>) -> FieldResult<Vec<Field<'a>>> {
        let list = self.value.as_array().ok_or_else(|| self.problem("must be a list"))?;
        let (min, max, found) = (*count.start(), *count.end(), list.len());
        if found < min {
            return Err(self
                .problem(format!("must have at least {min}; this has {found}"))
                .limit(min));
        }
        if found > max {
            return Err(self
                .problem(format!("must have at most {max}; this has {found}"))
                .limit(max));
        }
        let at = |(index, value)| Field {
            path: format!("{}[{index}]", self.path),
            value,
        };
        Ok(list.iter().enumerate().map(at).collect())
    }

    /// Reads non-blank text of at most `max` characters.
    pub fn text(&self, max: usize) -> FieldResult<String> {
        let text = self.value.as_str().ok_or_else(|| self.problem("must be text"))?;
        if text.trim().is_empty() {
            return Err(self.problem("must not be empty"));
        }
        let found = text.chars().count();
        if found > max {
            return Err(self
                .problem(format!("must be at most {max} characters; this has {found}"))
                .limit(max));
        }
        Ok(text.to_owned())
    }

    pub fn flag(&self) -> FieldResult<bool> {
        self.value
            .as_bool()
            .ok_or_else(|| self.problem("must be true or false"))
    }

    pub fn integer(&self, range: RangeInclusive<i64>) -> FieldResult<i64> {
        let (min, max) = (*range.start(), *range.end());
        let number = self.value.as_i64().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let problem = format!("must be a whole number from {min} to {max}");
            self.problem(problem).limit(usize::try_from(max).unwrap_or_default())
        })
    }

    /// Reads an `http` or `https` URL.
    pub fn url(&self, max: usize) -> FieldResult<String> {
        let text = self.text(max)?;
        let web =
            reqwest::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if web {
            return Ok(text);
        }
        Err(self.problem("must be an address that begins with https:// or http://"))
    }

    pub fn one_of(&self, allowed: &[&'static str]) -> FieldResult<&'static str> {
        let found = self
            .value
            .as_str()
            .and_then(|text| allowed.iter().find(|word| word.eq_ignore_ascii_case(text)));
        found.copied().ok_or_else(|| match allowed {
            [only] => self.problem(format!("must be {only}")),
            several => self.problem(format!("must be one of {}", several.join(", "))),
        })
    }
}

impl<'a> Object<'a> {
    pub fn problem(&self, problem: impl Into<String>) -> Invalid {
        Invalid::new(&self.path, problem)
    }

    /// Reads an optional member; `null` counts as missing.
    pub fn optional(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        Some(Field {
            path: format!("{}.{name}", self.path),
            value,
        })
    }

    pub fn required(&mut self, name: &'static str) -> FieldResult<Field<'a>> {
        let path = format!("{}.{name}", self.path);
        self.optional(name).ok_or_else(|| Invalid::new(path, "is missing"))
    }

    pub fn text(&mut self, name: &'static str, max: usize) -> FieldResult<String> {
        self.required(name)?.text(max)
    }

    pub fn optional_text(&mut self, name: &'static str, max: usize) -> FieldResult<Option<String>> {
        self.optional(name).map(|at| at.text(max)).transpose()
    }

    pub fn optional_flag(&mut self, name: &'static str) -> FieldResult<Option<bool>> {
        self.optional(name).map(|at| at.flag()).transpose()
    }

    /// Rejects members that were not read.
    pub fn deny_unknown(self) -> FieldResult<()> {
        match self.unread_members().keys().next() {
            None => Ok(()),
            Some(name) => {
                let mut known = self.known;
                known.sort_unstable();
                let problem = format!("is not known here; there are {}", known.join(", "));
                Err(Invalid::new(format!("{}.{name}", self.path), problem))
            }
        }
    }

    /// Returns the members that were not read.
    pub fn unread_members(&self) -> Map<String, Value> {
        let left = self
            .members
            .iter()
            .filter(|(name, value)| !self.known.contains(&name.as_str()) && !value.is_null());
        left.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Returns the path of the first NUL below a value.
fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .find_map(|(index, value)| Some(format!("[{index}]{}", find_nul(value)?))),
        Value::Object(members) => members.iter().find_map(|(name, value)| match name.contains('\0') {
            true => Some(String::new()),
            false => Some(format!(".{name}{}", find_nul(value)?)),
        }),
        _ => None,
    }
}
