//! The tree of a filter as the API shows it.

use serde::Serialize;

use super::print::consent_word;
use super::tree::{Comparison, ConsentTest, Filter, FilterPath, FilterTest, NumberTest, TextTest};

/// A filter as a tree.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FilterTreeView {
    /// At least one of the terms holds.
    Or { terms: Vec<FilterTreeView> },
    /// All terms hold.
    And { terms: Vec<FilterTreeView> },
    /// The term does not hold.
    Not { term: Box<FilterTreeView> },
    Test {
        /// What is tested: `name`, `fields.city`, `tag`, `segment` …
        path: String,
        /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `starts`, `in`, `is` or `is not`.
        operator: &'static str,
        /// What it is compared with, as a filter writes it, texts without quotes.
        values: Vec<String>,
        /// The id or number of the channel, of `window is open on …`.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    },
}

impl From<&Filter> for FilterTreeView {
    fn from(filter: &Filter) -> Self {
        let all = |terms: &[Filter]| terms.iter().map(Self::from).collect();
        match filter {
            Filter::Or(terms) => Self::Or { terms: all(terms) },
            Filter::And(terms) => Self::And { terms: all(terms) },
            Filter::Not(term) => Self::Not {
                term: Box::new(Self::from(&**term)),
            },
            Filter::Test(test) => Self::test(test),
        }
    }
}

impl FilterTreeView {
    fn test(test: &FilterTest) -> Self {
        let (path, operator, values, channel) = match test {
            FilterTest::Known { path, known } => (
                path.to_string(),
                if *known { "is" } else { "is not" },
                vec!["known".to_owned()],
                None,
            ),
            FilterTest::Text { path, is } => {
                let (operator, values) = match is {
                    TextTest::Equal(text) => ("=", vec![text.clone()]),
                    TextTest::Differs(text) => ("!=", vec![text.clone()]),
                    TextTest::Contains(text) => ("contains", vec![text.clone()]),
                    TextTest::Starts(text) => ("starts", vec![text.clone()]),
                    TextTest::In(texts) => ("in", texts.clone()),
                };
                (path.to_string(), operator, values, None)
            }
            FilterTest::Number { key, is } => {
                let (operator, values) = match is {
                    NumberTest::Compare(comparison, number) => (comparison.as_str(), std::slice::from_ref(number)),
                    NumberTest::In(numbers) => ("in", &numbers[..]),
                };
                let values = values.iter().map(|it| it.as_str().to_owned()).collect();
                (format!("fields.{key}"), operator, values, None)
            }
            FilterTest::Boolean { key, equals, value } => (
                format!("fields.{key}"),
                equality(*equals),
                vec![value.to_string()],
                None,
            ),
            FilterTest::Moment {
                path,
                comparison,
                moment,
            } => (path.to_string(), comparison.as_str(), vec![moment.to_string()], None),
            FilterTest::AnyDay { key, moments } => (
                format!("fields.{key}"),
                "in",
                moments.iter().map(ToString::to_string).collect(),
                None,
            ),
            FilterTest::Consent { purpose, is } => {
                let (operator, values) = match is {
                    ConsentTest::Equal(status) => ("=", std::slice::from_ref(status)),
                    ConsentTest::Differs(status) => ("!=", std::slice::from_ref(status)),
                    ConsentTest::In(all) => ("in", &all[..]),
                };
                let values = values.iter().map(|it| consent_word(*it).to_owned()).collect();
                (FilterPath::Consent(*purpose).to_string(), operator, values, None)
            }
            FilterTest::Label { kind, any, listed } => {
                let names = any.iter().map(|it| it.name.clone()).collect();
                (kind.as_str().to_owned(), if *listed { "in" } else { "=" }, names, None)
            }
            FilterTest::Segment { segment, .. } => ("segment".to_owned(), "=", vec![segment.name.clone()], None),
            FilterTest::Window { open, on } => {
                let state = if *open { "open" } else { "closed" };
                let channel = on.as_ref().map(|it| it.name.clone());
                ("window".to_owned(), "is", vec![state.to_owned()], channel)
            }
        };
        Self::Test {
            path,
            operator,
            values,
            channel,
        }
    }
}

fn equality(equals: bool) -> &'static str {
    if equals {
        Comparison::Equal.as_str()
    } else {
        Comparison::Differs.as_str()
    }
}
