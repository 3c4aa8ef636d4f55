//! Reads a test: what it is about, and how that is compared.

use super::{
    super::{
        error::{FilterError, nearest},
        lexer::FilterTokenKind,
        tree::{Comparison, FilterPath, FilterTest, LabelKind, TextColumn},
    },
    Parser,
};
use crate::domain::{ConsentPurpose, FieldType};

/// Words that begin a test, besides fields and consents.
const WORDS: [&str; 8] = [
    "name",
    "created",
    "last_inbound",
    "tag",
    "list",
    "segment",
    "window",
    "consent.marketing",
];

impl Parser<'_, '_> {
    pub(super) fn test(&mut self) -> Result<FilterTest, FilterError> {
        let column = self.column();
        let FilterTokenKind::Word(word) = self.peek() else {
            return Err(self.unexpected("a test, such as `tag = \"vip\"`"));
        };
        let word = word.clone();
        match word.as_str() {
            "tag" => self.after(|it| it.label(LabelKind::Tag)),
            "list" => self.after(|it| it.label(LabelKind::List)),
            "segment" => self.after(|it| it.segment()),
            "window" => self.after(|it| it.window()),
            "and" | "or" | "not" => Err(self.unexpected("a test, such as `tag = \"vip\"`")),
            _ => {
                let path = self.path(&word, column)?;
                self.advance();
                self.comparison(path)
            }
        }
    }

    fn after<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, FilterError>) -> Result<T, FilterError> {
        self.advance();
        read(self)
    }

    fn path(&self, word: &str, column: usize) -> Result<FilterPath, FilterError> {
        let catalogue = self.reading.catalogue;
        if let Some(key) = word.strip_prefix("fields.") {
            let field = catalogue.field(key).ok_or_else(|| {
                let hint = nearest(key, catalogue.field_keys()).map(|it| format!("; did you mean `fields.{it}`?"));
                FilterError::at(column, format!("there is no field `{key}`{}", hint.unwrap_or_default()))
            })?;
            let (key, kind) = (key.to_owned(), field.kind);
            return Ok(FilterPath::Field { key, kind });
        }
        if let Some(purpose) = word.strip_prefix("consent.").and_then(ConsentPurpose::parse) {
            return Ok(FilterPath::Consent(purpose));
        }
        match word {
            "name" => return Ok(FilterPath::Name),
            "created" => return Ok(FilterPath::Created),
            "last_inbound" => return Ok(FilterPath::LastInbound),
            _ => {}
        }
        if let Some(column) = TextColumn::ALL.into_iter().find(|it| it.as_str() == word) {
            return Ok(FilterPath::Column(column));
        }
        if catalogue.field(word).is_some() {
            let message = format!("contacts have no property `{word}`; the field is `fields.{word}`");
            return Err(FilterError::at(column, message));
        }
        let known = WORDS
            .into_iter()
            .chain(TextColumn::ALL.map(TextColumn::as_str))
            .chain(["consent.all"]);
        let hint = nearest(word, known).map(|it| format!("; did you mean `{it}`?"));
        let hint = hint.unwrap_or_else(|| "; custom fields are written `fields.key`".to_owned());
        Err(FilterError::at(
            column,
            format!("contacts have no property `{word}`{hint}"),
        ))
    }

    /// Reads what follows a path: a comparison, a list or `is known`.
    fn comparison(&mut self, path: FilterPath) -> Result<FilterTest, FilterError> {
        if self.take_word("is") {
            let known = !self.take_word("not");
            if !self.take_word("known") {
                return Err(self.unexpected(if known { "`known` or `not known`" } else { "`known`" }));
            }
            return Ok(FilterTest::Known { path, known });
        }
        match path {
            FilterPath::Name | FilterPath::Column(_) => self.text_test(path),
            FilterPath::Created | FilterPath::LastInbound => self.moment_test(path),
            FilterPath::Consent(purpose) => self.consent_test(purpose),
            FilterPath::Field { ref key, kind } => match kind {
                FieldType::Text => self.text_test(path),
                FieldType::Choice => self.choice_test(key.clone()),
                FieldType::Number => self.number_test(key.clone()),
                FieldType::Boolean => self.boolean_test(key.clone()),
                FieldType::Date | FieldType::Datetime => self.moment_test(path),
            },
        }
    }

    /// Takes a sign of comparison, if one of these is next.
    pub(super) fn take_comparison(&mut self, allowed: &[Comparison]) -> Option<Comparison> {
        let found = allowed
            .iter()
            .copied()
            .find(|it| matches!(self.peek(), FilterTokenKind::Sign(sign) if *sign == it.as_str()));
        if found.is_some() {
            self.advance();
        }
        found
    }
}
