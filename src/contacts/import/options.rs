//! The options of an import as texts, as an address, a form or a command line has them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{
    cell::split_names,
    sniff::DeclaredFormat,
    spec::{DeclaredConsent, ImportOptions, ImportPolicies},
};

/// Most tags, and most lists, that every contact of a file gets.
const MAX_NAMES: usize = 20;
/// Longest name of a tag or a list, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Longest name of a file that is shown, in characters.
const MAX_FILENAME_CHARS: usize = 200;

/// Names of the options.
const NAMES: [&str; 14] = [
    "filename",
    "encoding",
    "delimiter",
    "header",
    "mapping",
    "default_country",
    "on_existing",
    "on_bad_field",
    "on_conflict",
    "tags",
    "lists",
    "consent",
    "events",
    "dry_run",
];

/// An option that cannot be so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` {why}")]
pub(crate) struct WrongOption {
    pub name: &'static str,
    pub why: String,
}

/// Options by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OptionTexts(BTreeMap<&'static str, String>);

impl OptionTexts {
    /// Sets an option; an empty text is as none. Returns false if there is no option of this name.
    pub fn set(&mut self, name: &str, text: String) -> bool {
        let Some(name) = NAMES.into_iter().find(|it| *it == name) else {
            return false;
        };
        match text.is_empty() {
            true => drop(self.0.remove(name)),
            false => drop(self.0.insert(name, text)),
        }
        true
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Reads the options.
    pub fn read(&self) -> Result<ImportOptions, WrongOption> {
        let text = |name: &str| self.0.get(name).cloned();
        let filename = text("filename").map(|name| {
            let shown = name.chars().filter(|c| !c.is_control());
            shown.take(MAX_FILENAME_CHARS).collect()
        });
        Ok(ImportOptions {
            filename,
            declared: DeclaredFormat {
                encoding: text("encoding"),
                delimiter: text("delimiter").map(|text| delimiter(&text)).transpose()?,
                header: self.flag("header")?,
            },
            mapping: self.json("mapping")?.unwrap_or_default(),
            default_country: text("default_country"),
            campaign: None,
            policies: ImportPolicies {
                on_existing: self.word("on_existing")?,
                on_bad_field: self.word("on_bad_field")?,
                on_conflict: self.word("on_conflict")?,
                tags: self.names("tags")?,
                lists: self.names("lists")?,
                consent: self.json::<DeclaredConsent>("consent")?,
                events: self.flag("events")?.unwrap_or(false),
                dry_run: self.flag("dry_run")?.unwrap_or(false),
            },
        })
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, WrongOption> {
        match self.0.get(name).map(String::as_str) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "must be true or false")),
        }
    }

    fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, WrongOption> {
        let read = self.0.get(name).map(|text| serde_json::from_str(text)).transpose();
        read.map_err(|error| wrong(name, format!("is not the JSON object expected: {error}")))
    }

    fn word<T: DeserializeOwned + Default>(&self, name: &'static str) -> Result<T, WrongOption> {
        let Some(text) = self.0.get(name) else {
            return Ok(T::default());
        };
        let read = serde_json::from_value(serde_json::Value::String(text.clone()));
        read.map_err(|error| wrong(name, format!("is not known: {error}")))
    }

    fn names(&self, name: &'static str) -> Result<Vec<String>, WrongOption> {
        let named = self.0.get(name).map(|text| split_names(text)).unwrap_or_default();
        let too_long = named.iter().any(|it| it.chars().count() > MAX_NAME_CHARS);
        if too_long || named.len() > MAX_NAMES {
            let why = format!("may have up to {MAX_NAMES} names of up to {MAX_NAME_CHARS} characters");
            return Err(wrong(name, why));
        }
        match named.iter().any(|it| it.chars().any(char::is_control)) {
            true => Err(wrong(name, "has a control character")),
            false => Ok(named),
        }
    }
}

fn wrong(name: &'static str, why: impl Into<String>) -> WrongOption {
    WrongOption { name, why: why.into() }
}

fn delimiter(text: &str) -> Result<char, WrongOption> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(one), None) => Ok(one),
        _ => Err(wrong("delimiter", "must be one character: , ; | or a tab")),
    }
}
