//! Reads a filter by recursive descent.
//!
//! ```text
//! filter = all { "or" all } ;  all = unary { "and" unary } ;  unary = [ "not" ] ( "(" filter ")" | test ) ;
//! ```

mod names;
mod paths;
mod values;

use super::{
    catalogue::FilterCatalogue,
    error::FilterError,
    lexer::{FilterToken, FilterTokenKind, tokens},
    limits,
    tree::{Filter, FilterTest},
};
use uuid::Uuid;

/// Reads a filter with what the tenant has. `of` is the segment that it will be the filter of, which it must not lead to.
pub fn parse(text: &str, catalogue: &FilterCatalogue, of: Option<Uuid>) -> Result<Filter, FilterError> {
    let mut reading = Reading {
        catalogue,
        tests: 0,
        segments: of.into_iter().collect(),
        outer: of.iter().count(),
    };
    reading.filter(text)
}

/// A filter being read, with the segments that it is within.
struct Reading<'c> {
    catalogue: &'c FilterCatalogue,
    /// Tests read so far, in all segments.
    tests: usize,
    /// From the outermost to the one being read.
    segments: Vec<Uuid>,
    /// How many of them the text itself is the filter of.
    outer: usize,
}

impl Reading<'_> {
    fn filter(&mut self, text: &str) -> Result<Filter, FilterError> {
        if text.len() > limits::TEXT {
            return Err(FilterError::at(
                1,
                format!("a filter has at most {} bytes", limits::TEXT),
            ));
        }
        let mut parser = Parser {
            tokens: tokens(text)?,
            at: 0,
            depth: 0,
            reading: self,
        };
        let filter = parser.either()?;
        match parser.peek() {
            FilterTokenKind::End => Ok(filter),
            _ => Err(parser.unexpected("`and`, `or` or the end")),
        }
    }
}

struct Parser<'r, 'c> {
    tokens: Vec<FilterToken>,
    at: usize,
    depth: usize,
    reading: &'r mut Reading<'c>,
}

impl Parser<'_, '_> {
    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut terms = vec![self.all()?];
        while self.take_word("or") {
            terms.push(self.all()?);
        }
        Ok(single(terms, Filter::Or))
    }

    fn all(&mut self) -> Result<Filter, FilterError> {
        let mut terms = vec![self.unary()?];
        while self.take_word("and") {
            terms.push(self.unary()?);
        }
        Ok(single(terms, Filter::And))
    }

    fn unary(&mut self) -> Result<Filter, FilterError> {
        if self.take_word("not") {
            return Ok(Filter::Not(Box::new(self.operand()?)));
        }
        self.operand()
    }

    fn operand(&mut self) -> Result<Filter, FilterError> {
        let column = self.column();
        if !self.take_sign("(") {
            return self.counted_test().map(Filter::Test);
        }
        self.depth += 1;
        if self.depth > limits::DEPTH {
            let message = format!("parentheses stand at most {} within one another", limits::DEPTH);
            return Err(FilterError::at(column, message));
        }
        let filter = self.either()?;
        self.expect_sign(")", "`and`, `or` or `)`")?;
        self.depth -= 1;
        Ok(filter)
    }

    fn counted_test(&mut self) -> Result<FilterTest, FilterError> {
        self.reading.tests += 1;
        if self.reading.tests > limits::TESTS {
            let message = format!(
                "a filter has at most {} tests, those of the segments that it names included",
                limits::TESTS
            );
            return Err(FilterError::at(self.column(), message));
        }
        self.test()
    }

    fn peek(&self) -> &FilterTokenKind {
        &self.tokens[self.at].kind
    }

    fn column(&self) -> usize {
        self.tokens[self.at].column
    }

    /// Takes the next token; the end is never passed.
    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn take_word(&mut self, word: &str) -> bool {
        let taken = matches!(self.peek(), FilterTokenKind::Word(given) if given == word);
        if taken {
            self.advance();
        }
        taken
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let taken = matches!(self.peek(), FilterTokenKind::Sign(given) if *given == sign);
        if taken {
            self.advance();
        }
        taken
    }

    fn expect_sign(&mut self, sign: &str, expected: &str) -> Result<(), FilterError> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.unexpected(expected))
        }
    }

    /// Returns the error of a token that cannot stand here.
    fn unexpected(&self, expected: &str) -> FilterError {
        let found = match self.peek() {
            FilterTokenKind::Word(word) => format!("`{word}`"),
            FilterTokenKind::Text(_) => "a text".to_owned(),
            FilterTokenKind::Number(number) => format!("the number {}", number.as_str()),
            FilterTokenKind::Moment(moment) => format!("`{moment}`"),
            FilterTokenKind::Sign(sign) => format!("`{sign}`"),
            FilterTokenKind::End => "the end".to_owned(),
        };
        FilterError::at(self.column(), format!("expected {expected}, found {found}"))
    }
}

fn single(mut terms: Vec<Filter>, several: impl Fn(Vec<Filter>) -> Filter) -> Filter {
    match terms.len() {
        1 => terms.remove(0),
        _ => several(terms),
    }
}
