//! The one form of a filter's text: reading it gives the same tree.

use std::fmt::{self, Display, Formatter};

use chrono::SecondsFormat;

use super::tree::{
    ConsentTest, Filter, FilterPath, FilterTest, KnownConsent, Moment, Named, NumberTest, Span, TextTest,
};

impl Display for Filter {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let within = |to: &mut Formatter<'_>, term: &Filter, alone: bool| {
            if alone {
                write!(to, "{term}")
            } else {
                write!(to, "({term})")
            }
        };
        match self {
            Self::Or(terms) => joined(to, terms, " or ", |to, term| {
                within(to, term, !matches!(term, Self::Or(_)))
            }),
            Self::And(terms) => joined(to, terms, " and ", |to, term| {
                within(to, term, matches!(term, Self::Not(_) | Self::Test(_)))
            }),
            Self::Not(term) => {
                to.write_str("not ")?;
                within(to, term, matches!(**term, Self::Test(_)))
            }
            Self::Test(test) => write!(to, "{test}"),
        }
    }
}

impl Display for FilterTest {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { path, known: true } => write!(to, "{path} is known"),
            Self::Known { path, known: false } => write!(to, "{path} is not known"),
            Self::Text { path, is } => match is {
                TextTest::Equal(text) => write!(to, "{path} = {}", Quoted(text)),
                TextTest::Differs(text) => write!(to, "{path} != {}", Quoted(text)),
                TextTest::Contains(text) => write!(to, "{path} contains {}", Quoted(text)),
                TextTest::Starts(text) => write!(to, "{path} starts {}", Quoted(text)),
                TextTest::In(texts) => any(to, path, texts.iter().map(|it| Quoted(it))),
            },
            Self::Number { key, is } => match is {
                NumberTest::Compare(comparison, number) => {
                    write!(to, "fields.{key} {} {}", comparison.as_str(), number.as_str())
                }
                NumberTest::In(numbers) => any(to, format_args!("fields.{key}"), numbers.iter().map(|it| it.as_str())),
            },
            Self::Boolean { key, equals, value } => {
                write!(to, "fields.{key} {} {value}", if *equals { "=" } else { "!=" })
            }
            Self::Moment {
                path,
                comparison,
                moment,
            } => write!(to, "{path} {} {moment}", comparison.as_str()),
            Self::AnyDay { key, moments } => any(to, format_args!("fields.{key}"), moments),
            Self::Consent { purpose, is } => {
                let path = FilterPath::Consent(*purpose);
                match is {
                    ConsentTest::Equal(status) => write!(to, "{path} = {}", Quoted(consent_word(*status))),
                    ConsentTest::Differs(status) => write!(to, "{path} != {}", Quoted(consent_word(*status))),
                    ConsentTest::In(all) => any(to, path, all.iter().map(|it| Quoted(consent_word(*it)))),
                }
            }
            Self::Label {
                kind,
                any: names,
                listed,
            } => match (&names[..], listed) {
                ([one], false) => write!(to, "{} = {}", kind.as_str(), Quoted(&one.name)),
                _ => any(to, kind.as_str(), names.iter().map(|it| Quoted(&it.name))),
            },
            Self::Segment { segment, .. } => write!(to, "segment = {}", Quoted(&segment.name)),
            Self::Window { open, on } => {
                write!(to, "window is {}", if *open { "open" } else { "closed" })?;
                match on {
                    Some(Named { name, .. }) => write!(to, " on {}", Quoted(name)),
                    None => Ok(()),
                }
            }
        }
    }
}

fn any(to: &mut Formatter<'_>, path: impl Display, values: impl IntoIterator<Item = impl Display>) -> fmt::Result {
    write!(to, "{path} in (")?;
    joined(to, values, ", ", |to, value| write!(to, "{value}"))?;
    to.write_str(")")
}

fn joined<T>(
    to: &mut Formatter<'_>,
    all: impl IntoIterator<Item = T>,
    between: &str,
    mut each: impl FnMut(&mut Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (n, one) in all.into_iter().enumerate() {
        if n > 0 {
            to.write_str(between)?;
        }
        each(to, one)?;
    }
    Ok(())
}

impl Display for FilterPath {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => to.write_str("name"),
            Self::Column(column) => to.write_str(column.as_str()),
            Self::Created => to.write_str("created"),
            Self::LastInbound => to.write_str("last_inbound"),
            Self::Consent(purpose) => write!(to, "consent.{purpose}"),
            Self::Field { key, .. } => write!(to, "fields.{key}"),
        }
    }
}

impl Display for Moment {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(to, "{day}"),
            Self::At(at) => to.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Self::FromNow(Span { amount, unit }) => write!(to, "{amount:+}{}", unit.letter()),
        }
    }
}

/// Returns the word for a status of consent.
pub(super) fn consent_word(status: KnownConsent) -> &'static str {
    status.map_or("unknown", |it| it.as_str())
}

/// Returns a text in quotes, as filters write it.
pub(crate) fn quoted(text: &str) -> String {
    Quoted(text).to_string()
}

/// A text in quotes.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        to.write_str("\"")?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                to.write_str("\\")?;
            }
            write!(to, "{c}")?;
        }
        to.write_str("\"")
    }
}
