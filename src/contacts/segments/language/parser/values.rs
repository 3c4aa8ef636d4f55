//! Reads what a path is compared with, by its type.

use super::{
    super::{
        error::{FilterError, nearest},
        lexer::FilterTokenKind,
        limits,
        print::consent_word,
        tree::{Comparison, ConsentTest, Decimal, FilterPath, FilterTest, KnownConsent, Moment, NumberTest, TextTest},
    },
    Parser,
};
use crate::{
    contacts::text::fold,
    domain::{ConsentPurpose, ConsentStatus, FieldType},
};

const EQUALITY: [Comparison; 2] = [Comparison::Equal, Comparison::Differs];
const ORDER: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::Differs,
    Comparison::Less,
    Comparison::AtMost,
    Comparison::More,
    Comparison::AtLeast,
];
const CONSENTS: [KnownConsent; 3] = [Some(ConsentStatus::Granted), Some(ConsentStatus::Revoked), None];

impl Parser<'_, '_> {
    pub(super) fn text_test(&mut self, path: FilterPath) -> Result<FilterTest, FilterError> {
        let is = if self.take_sign("=") {
            TextTest::Equal(self.text()?)
        } else if self.take_sign("!=") {
            TextTest::Differs(self.text()?)
        } else if self.take_word("contains") {
            TextTest::Contains(self.text()?)
        } else if self.take_word("starts") {
            TextTest::Starts(self.text()?)
        } else if self.take_word("in") {
            TextTest::In(self.list(Self::text)?)
        } else {
            return Err(self.unexpected("`=`, `!=`, `contains`, `starts`, `in` or `is`"));
        };
        Ok(FilterTest::Text { path, is })
    }

    pub(super) fn choice_test(&mut self, key: String) -> Result<FilterTest, FilterError> {
        let is = match self.take_comparison(&EQUALITY) {
            Some(Comparison::Equal) => TextTest::Equal(self.choice(&key)?),
            Some(_) => TextTest::Differs(self.choice(&key)?),
            None if self.take_word("in") => TextTest::In(self.list(|it| it.choice(&key))?),
            None => return Err(self.unexpected("`=`, `!=`, `in` or `is`")),
        };
        let path = FilterPath::Field {
            key,
            kind: FieldType::Choice,
        };
        Ok(FilterTest::Text { path, is })
    }

    pub(super) fn number_test(&mut self, key: String) -> Result<FilterTest, FilterError> {
        let is = match self.take_comparison(&ORDER) {
            Some(comparison) => NumberTest::Compare(comparison, self.number()?),
            None if self.take_word("in") => NumberTest::In(self.list(Self::number)?),
            None => return Err(self.unexpected("`=`, `!=`, `<`, `<=`, `>`, `>=`, `in` or `is`")),
        };
        Ok(FilterTest::Number { key, is })
    }

    pub(super) fn boolean_test(&mut self, key: String) -> Result<FilterTest, FilterError> {
        let Some(comparison) = self.take_comparison(&EQUALITY) else {
            return Err(self.unexpected("`=`, `!=` or `is`"));
        };
        let value = self.take_word("true");
        if !value && !self.take_word("false") {
            return Err(self.unexpected("`true` or `false`"));
        }
        let equals = comparison == Comparison::Equal;
        Ok(FilterTest::Boolean { key, equals, value })
    }

    pub(super) fn moment_test(&mut self, path: FilterPath) -> Result<FilterTest, FilterError> {
        let date = match &path {
            FilterPath::Field {
                key,
                kind: FieldType::Date,
            } => Some(key.clone()),
            _ => None,
        };
        match (self.take_comparison(&ORDER), date) {
            (Some(comparison), date) => {
                let moment = if date.is_some() { self.day()? } else { self.moment()? };
                Ok(FilterTest::Moment {
                    path,
                    comparison,
                    moment,
                })
            }
            (None, Some(key)) if self.take_word("in") => {
                let moments = self.list(Self::day)?;
                Ok(FilterTest::AnyDay { key, moments })
            }
            (None, Some(_)) => Err(self.unexpected("`=`, `!=`, `<`, `<=`, `>`, `>=`, `in` or `is`")),
            (None, None) => Err(self.unexpected("`=`, `!=`, `<`, `<=`, `>`, `>=` or `is`")),
        }
    }

    pub(super) fn consent_test(&mut self, purpose: ConsentPurpose) -> Result<FilterTest, FilterError> {
        let is = match self.take_comparison(&EQUALITY) {
            Some(Comparison::Equal) => ConsentTest::Equal(self.consent()?),
            Some(_) => ConsentTest::Differs(self.consent()?),
            None if self.take_word("in") => ConsentTest::In(self.list(Self::consent)?),
            None => return Err(self.unexpected("`=`, `!=`, `in` or `is`")),
        };
        Ok(FilterTest::Consent { purpose, is })
    }

    /// Reads `(value, value …)`.
    pub(super) fn list<T>(
        &mut self,
        mut value: impl FnMut(&mut Self) -> Result<T, FilterError>,
    ) -> Result<Vec<T>, FilterError> {
        self.expect_sign("(", "`(`")?;
        let mut values = vec![value(self)?];
        while self.take_sign(",") {
            if values.len() == limits::VALUES {
                let message = format!("a list has at most {} values", limits::VALUES);
                return Err(FilterError::at(self.column(), message));
            }
            values.push(value(self)?);
        }
        self.expect_sign(")", "`,` or `)`")?;
        Ok(values)
    }

    pub(super) fn text(&mut self) -> Result<String, FilterError> {
        let FilterTokenKind::Text(text) = self.peek() else {
            return Err(self.unexpected("a text in double quotes"));
        };
        let text = text.clone();
        self.advance();
        Ok(text)
    }

    fn choice(&mut self, key: &str) -> Result<String, FilterError> {
        let column = self.column();
        let text = self.text()?;
        let field = self.reading.catalogue.field(key);
        let choices = field.map_or(&[][..], |it| &it.choices);
        if let Some(choice) = choices.iter().find(|it| fold(it) == fold(&text)) {
            return Ok(choice.clone());
        }
        let hint = nearest(&text, choices.iter().map(String::as_str)).map(|it| format!("; did you mean \"{it}\"?"));
        let message = format!("this is no choice of the field `{key}`{}", hint.unwrap_or_default());
        Err(FilterError::at(column, message))
    }

    fn number(&mut self) -> Result<Decimal, FilterError> {
        let FilterTokenKind::Number(number) = self.peek() else {
            return Err(self.unexpected("a number"));
        };
        let number = number.clone();
        self.advance();
        Ok(number)
    }

    fn moment(&mut self) -> Result<Moment, FilterError> {
        const EXPECTED: &str = "a date `2026-11-30`, a time `2026-11-30T09:00:00Z` or a time span `-30d`";
        let FilterTokenKind::Moment(moment) = *self.peek() else {
            return Err(self.unexpected(EXPECTED));
        };
        self.advance();
        Ok(moment)
    }

    /// Reads what a date is compared with.
    fn day(&mut self) -> Result<Moment, FilterError> {
        match *self.peek() {
            FilterTokenKind::Moment(moment @ (Moment::Day(_) | Moment::FromNow(_))) => {
                self.advance();
                Ok(moment)
            }
            _ => Err(self.unexpected("a date `2026-11-30` or a time span `-30d`")),
        }
    }

    fn consent(&mut self) -> Result<KnownConsent, FilterError> {
        let found = CONSENTS
            .into_iter()
            .find(|it| matches!(self.peek(), FilterTokenKind::Text(text) if text == consent_word(*it)));
        let Some(status) = found else {
            return Err(self.unexpected("\"granted\", \"revoked\" or \"unknown\""));
        };
        self.advance();
        Ok(status)
    }
}
