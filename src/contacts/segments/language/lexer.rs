//! Cuts the text of a filter into words, signs and values.

use std::{iter::Peekable, str::Chars};

use chrono::{DateTime, NaiveDate, Utc};
use unicode_normalization::UnicodeNormalization;

use super::{
    error::FilterError,
    limits,
    tree::{Decimal, Moment, Span, SpanUnit},
};
use crate::domain;

/// A piece of a filter's text, and the column it begins at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FilterToken {
    pub kind: FilterTokenKind,
    pub column: usize,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FilterTokenKind {
    /// A name or a word of the language, in lower case.
    Word(String),
    Text(String),
    Number(Decimal),
    Moment(Moment),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 9] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", ","];

/// Cuts a text into tokens; the last one is the end.
pub(super) fn tokens(text: &str) -> Result<Vec<FilterToken>, FilterError> {
    let mut lexer = Lexer {
        rest: text.chars().peekable(),
        column: 1,
    };
    let mut found = Vec::new();
    loop {
        while lexer.take_if(|c| c.is_whitespace()).is_some() {}
        let column = lexer.column;
        let kind = lexer.token()?;
        let ends = kind == FilterTokenKind::End;
        found.push(FilterToken { kind, column });
        if ends {
            return Ok(found);
        }
    }
}

struct Lexer<'t> {
    rest: Peekable<Chars<'t>>,
    /// Of the next character.
    column: usize,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<FilterTokenKind, FilterError> {
        let column = self.column;
        let Some(&first) = self.rest.peek() else {
            return Ok(FilterTokenKind::End);
        };
        match first {
            '"' => self.text(column),
            '0'..='9' | '-' | '+' => self.number(column),
            _ if first.is_alphabetic() || first == '_' => {
                let word = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
                Ok(FilterTokenKind::Word(word.to_lowercase()))
            }
            _ => self.sign(column, first),
        }
    }

    fn sign(&mut self, column: usize, first: char) -> Result<FilterTokenKind, FilterError> {
        self.take_if(|_| true);
        let second = if matches!(first, '!' | '<' | '>') {
            self.take_if(|c| c == '=')
        } else {
            None
        };
        let given: String = std::iter::once(first).chain(second).collect();
        if let Some(sign) = SIGNS.into_iter().find(|sign| *sign == given) {
            return Ok(FilterTokenKind::Sign(sign));
        }
        let cure = match first {
            '\'' | '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
                "; texts stand in straight double quotes: \"Pune\""
            }
            '!' => "; write `!=`, or `not` before a test",
            '&' => "; write `and`",
            '|' => "; write `or`",
            _ => "",
        };
        let shown = if first.is_control() {
            first.escape_unicode().to_string()
        } else {
            first.to_string()
        };
        Err(FilterError::at(
            column,
            format!("the character `{shown}` has no meaning here{cure}"),
        ))
    }

    /// Reads a text in quotes, within which `\"` and `\\` stand for a quote and a backslash.
    fn text(&mut self, column: usize) -> Result<FilterTokenKind, FilterError> {
        self.take_if(|_| true);
        let mut text = String::new();
        loop {
            let at = self.column;
            match self.take_if(|_| true) {
                None => return Err(FilterError::at(column, "this text has no closing quote")),
                Some('"') => break,
                Some('\\') => match self.take_if(|c| matches!(c, '"' | '\\')) {
                    Some(c) => text.push(c),
                    None => return Err(FilterError::at(at, "after a backslash only `\"` or `\\` may stand")),
                },
                Some(c) if c.is_control() && !matches!(c, '\n' | '\t') => {
                    return Err(FilterError::at(at, "a text holds no control characters"));
                }
                Some(c) => text.push(c),
            }
        }
        if text.chars().count() > limits::VALUE {
            return Err(FilterError::at(
                column,
                format!("a text has at most {} characters", limits::VALUE),
            ));
        }
        // As texts are stored.
        Ok(FilterTokenKind::Text(text.nfc().collect()))
    }

    /// Reads `12.5`, `2026-11-30`, `2026-11-30T09:00:00Z` or `-30d`: all that stands together.
    fn number(&mut self, column: usize) -> Result<FilterTokenKind, FilterError> {
        let word = self.take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '+' | ':' | '.' | '_'));
        let kind = Decimal::parse(&word).map(FilterTokenKind::Number);
        let kind = kind.or_else(|| {
            day(&word)
                .or_else(|| instant(&word))
                .or_else(|| span(&word))
                .map(FilterTokenKind::Moment)
        });
        kind.ok_or_else(|| {
            let shown: String = word.chars().take(40).collect();
            let message = format!(
                "`{shown}` is no number of at most {} digits, no date `2026-11-30`, no time `2026-11-30T09:00:00Z` \
                 and no time span `-30d` (m, h, d or w)",
                Decimal::DIGITS
            );
            FilterError::at(column, message)
        })
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        std::iter::from_fn(|| self.take_if(&wanted)).collect()
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let taken = self.rest.next_if(|c| wanted(*c));
        self.column += usize::from(taken.is_some());
        taken
    }
}

/// Years that both databases and people understand.
fn day(text: &str) -> Option<Moment> {
    let plain = text.len() == "2026-11-30".len() && text.starts_with(|c: char| c.is_ascii_digit());
    let day = plain.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())??;
    // The day after it is an instant too.
    let end = day.succ_opt()?.and_hms_opt(0, 0, 0)?.and_utc();
    (domain::is_storable(day.and_hms_opt(0, 0, 0)?.and_utc()) && domain::is_storable(end)).then_some(Moment::Day(day))
}

/// An instant with its offset; seconds may be left out. Parts of a second below a microsecond are dropped, as the databases do.
fn instant(text: &str) -> Option<Moment> {
    let at = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z"));
    let at = at.or_else(|_| DateTime::parse_from_str(&text.replace(['Z', 'z'], "+00:00"), "%Y-%m-%dT%H:%M%:z"));
    let at = DateTime::<Utc>::from_timestamp_micros(at.ok()?.to_utc().timestamp_micros())?;
    domain::is_storable(at).then_some(Moment::At(at))
}

fn span(text: &str) -> Option<Moment> {
    let unit = SpanUnit::ALL.into_iter().find(|unit| text.ends_with(unit.letter()))?;
    let digits = text.strip_suffix(unit.letter())?;
    let plain = digits.len() <= 12 && digits[1.min(digits.len())..].bytes().all(|it| it.is_ascii_digit());
    let signed = digits.starts_with(['-', '+']) && digits.len() > 1;
    let amount = (plain && signed).then(|| digits.parse().ok())??;
    Span::new(amount, unit).map(Moment::FromNow)
}
