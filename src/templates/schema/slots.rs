//! Texts with variables, and their tokenizer.

use serde::Serialize;
use utoipa::ToSchema;

/// Format of a template's variables (`parameter_format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Naming)]
pub(crate) enum ParameterFormat {
    /// `{{1}}`, `{{2}}`, …
    #[default]
    Positional,
    /// `{{first_name}}`, …
    Named,
}

/// A text with variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    pub text: String,
    pub(crate) naming: ParameterFormat,
    /// Without duplicates, in the order of a message's parameters: by number, or by appearance.
    pub(crate) variables: Vec<Variable>,
    /// Maximum length of a value in characters, where Meta limits it.
    pub max_length: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub name: String,
    pub example: Option<String>,
}

impl Slots {
    /// Finds the variables of a text; `format` is Meta's `parameter_format`, inferred from the names if absent.
    pub fn of(text: &str, format: Option<&str>) -> Self {
        let mut names: Vec<String> = Vec::new();
        for piece in pieces(text) {
            if let Piece::Variable(name) = piece
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
        }
        let numbered = names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
        let naming = match format {
            Some(format) if format.eq_ignore_ascii_case("named") => ParameterFormat::Named,
            Some(format) if format.eq_ignore_ascii_case("positional") => ParameterFormat::Positional,
            _ if numbered => ParameterFormat::Positional,
            _ => ParameterFormat::Named,
        };
        if naming == ParameterFormat::Positional {
            names.sort_by_key(|name| name.parse::<u32>().unwrap_or(u32::MAX));
        }
        let variable = |name| Variable { name, example: None };
        Self {
            text: text.to_owned(),
            naming,
            variables: names.into_iter().map(variable).collect(),
            max_length: None,
        }
    }

    /// Replaces each variable by its `value`; variables without one are kept.
    pub(crate) fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> String {
        fill(&self.text, value)
    }
}

/// Replaces the variables of a text by their values; variables without one are kept.
pub fn fill<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(words) => filled.push_str(words),
            Piece::Variable(name) => match value(name) {
                Some(value) => filled.push_str(value),
                None => filled.extend(["{{", name, "}}"]),
            },
        }
    }
    filled
}

pub(in crate::templates) enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// Splits a text at its variables. Braces without a name are text.
pub(in crate::templates) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut searched) = (text, 0);
    while let Some(begin) = rest[searched..].find("{{").map(|at| at + searched) {
        let inside = &rest[begin + 2..];
        let name = inside.split_once("}}").map(|(name, _)| name);
        match name.filter(|name| !name.trim().is_empty() && !name.contains(['{', '}'])) {
            Some(name) => {
                pieces.push(Piece::Text(&rest[..begin]));
                pieces.push(Piece::Variable(name.trim()));
                rest = &inside[name.len() + 2..];
                searched = 0;
            }
            None => searched = begin + 1,
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}
