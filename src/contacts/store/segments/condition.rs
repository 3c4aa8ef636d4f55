//! A filter as a condition in SQL on `contacts c`, for contacts from `$2` to `$3` of the tenant `$1`.
//!
//! - Every value is bound; the text is made of nothing but constants and `$n`.
//! - Every test is two-valued (`COALESCE(…, FALSE)`), so that `NOT` means the others.
//! - A test on another table is an `IN` over that table's rows of the same range of contacts, which both databases compute once and look
//!   up by hash: no planner turns it into a join or repeats it for each row.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::args::FilterArg;
use crate::{
    contacts::segments::language::{Comparison, Decimal, Filter, FilterPath, FilterTest, Moment, NumberTest, TextTest},
    domain::FieldType,
};

/// The values `$1` to `$3`.
const RANGE_ARGS: usize = 3;

/// A condition on `contacts c`, and the values from `$4` on.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterCondition {
    pub text: String,
    pub args: Vec<FilterArg>,
}

impl FilterCondition {
    /// Compiles a filter for one of the databases. Time spans count from `now`.
    pub fn new(filter: &Filter, postgres: bool, now: DateTime<Utc>) -> Self {
        let mut builder = ConditionBuilder {
            postgres,
            now,
            args: Vec::new(),
            bound: RANGE_ARGS,
        };
        let text = builder.filter(filter);
        let args = builder.args;
        Self { text, args }
    }
}

/// A condition being built.
pub(super) struct ConditionBuilder {
    pub(super) postgres: bool,
    pub(super) now: DateTime<Utc>,
    args: Vec<FilterArg>,
    /// The number of the last placeholder.
    bound: usize,
}

impl ConditionBuilder {
    /// Binds a value and returns its placeholder.
    pub(super) fn bind(&mut self, value: FilterArg) -> String {
        self.args.push(value);
        self.bound += 1;
        format!("${}", self.bound)
    }

    pub(super) fn bind_text(&mut self, text: &str) -> String {
        self.bind(FilterArg::Text(text.to_owned()))
    }

    fn filter(&mut self, filter: &Filter) -> String {
        match filter {
            Filter::Or(terms) => self.joined(terms, " OR "),
            Filter::And(terms) => self.joined(terms, " AND "),
            Filter::Not(term) => format!("NOT {}", self.filter(term)),
            Filter::Test(test) => self.test(test),
        }
    }

    fn joined(&mut self, terms: &[Filter], between: &str) -> String {
        let terms: Vec<String> = terms.iter().map(|term| self.filter(term)).collect();
        format!("({})", terms.join(between))
    }

    /// Returns a condition that needs no parentheses.
    fn test(&mut self, test: &FilterTest) -> String {
        match test {
            FilterTest::Known { path, known } => {
                let condition = self.known(path);
                if *known { condition } else { format!("NOT {condition}") }
            }
            FilterTest::Text { path, is } => self.text(path, is),
            FilterTest::Number { key, is } => self.number(key, is),
            FilterTest::Boolean { key, equals, value } => {
                let field = self.field(key);
                let value = self.bind_text(if *value { "true" } else { "false" });
                negated_unless(*equals, format!("COALESCE({field} = {value}, FALSE)"))
            }
            FilterTest::Moment {
                path,
                comparison,
                moment,
            } => self.moment(path, *comparison, *moment),
            FilterTest::AnyDay { key, moments } => {
                let days: Vec<String> = moments.iter().map(|it| day(*it, self.now)).collect();
                let field = self.field(key);
                self.any_text(&field, &days)
            }
            FilterTest::Consent { purpose, is } => self.consent(*purpose, is),
            FilterTest::Label { any, .. } => self.label(any),
            FilterTest::Segment { filter, .. } => format!("({})", self.filter(filter)),
            FilterTest::Window { open, on } => {
                let condition = self.open_window(on.as_ref());
                negated_unless(*open, condition)
            }
        }
    }

    fn known(&mut self, path: &FilterPath) -> String {
        match path {
            FilterPath::Name => "(c.given_name IS NOT NULL OR c.name IS NOT NULL)".to_owned(),
            FilterPath::Column(column) => format!("(c.{} IS NOT NULL)", column.as_str()),
            FilterPath::Created => "(c.created_at IS NOT NULL)".to_owned(),
            FilterPath::LastInbound => self.has_written(),
            FilterPath::Consent(purpose) => self.any_consent(*purpose),
            FilterPath::Field { key, .. } => format!("({} IS NOT NULL)", self.field(key)),
        }
    }

    /// Returns the text of a field; NULL if the contact has none.
    fn field(&mut self, key: &str) -> String {
        format!("(c.fields ->> {})", self.bind_text(key))
    }

    fn text(&mut self, path: &FilterPath, is: &TextTest) -> String {
        let columns = match path {
            FilterPath::Name => vec!["c.given_name".to_owned(), "c.name".to_owned()],
            FilterPath::Column(column) => vec![format!("c.{}", column.as_str())],
            FilterPath::Field { key, .. } => vec![self.field(key)],
            // The language compares no texts with these.
            FilterPath::Created | FilterPath::LastInbound | FilterPath::Consent(_) => Vec::new(),
        };
        let each: Vec<String> = columns.iter().map(|column| self.text_of(column, is)).collect();
        negated_unless(!matches!(is, TextTest::Differs(_)), format!("({})", each.join(" OR ")))
    }

    /// Compares a column; `!=` as `=`, which the caller negates.
    fn text_of(&mut self, column: &str, is: &TextTest) -> String {
        match is {
            TextTest::Equal(text) | TextTest::Differs(text) => {
                format!("COALESCE({column} = {}, FALSE)", self.bind_text(text))
            }
            TextTest::Contains(text) => format!("COALESCE({} > 0, FALSE)", self.position(column, text)),
            TextTest::Starts(text) => format!("COALESCE({} = 1, FALSE)", self.position(column, text)),
            TextTest::In(texts) => self.any_text(column, texts),
        }
    }

    /// Returns where a text begins in a column, without regard to the case of A to Z: the letters that both databases know.
    fn position(&mut self, column: &str, text: &str) -> String {
        let text = self.bind_text(&text.to_ascii_lowercase());
        if self.postgres {
            format!("STRPOS(LOWER({column} COLLATE \"C\"), {text})")
        } else {
            format!("INSTR(LOWER({column}), {text})")
        }
    }

    fn any_text(&mut self, column: &str, texts: &[String]) -> String {
        let texts = self.bind(FilterArg::Texts(texts.to_vec()));
        if self.postgres {
            format!("COALESCE({column} = ANY({texts}), FALSE)")
        } else {
            format!("COALESCE({column} IN (SELECT value FROM json_each({texts})), FALSE)")
        }
    }

    fn number(&mut self, key: &str, is: &NumberTest) -> String {
        let field = self.field(key);
        let number = if self.postgres { "NUMERIC" } else { "REAL" };
        match is {
            NumberTest::Compare(comparison, value) => {
                let value = self.bind_text(value.as_str());
                let (sign, holds) = match comparison {
                    Comparison::Differs => ("=", false),
                    _ => (comparison.as_str(), true),
                };
                let compared = format!("CAST({field} AS {number}) {sign} CAST({value} AS {number})");
                negated_unless(holds, format!("COALESCE({compared}, FALSE)"))
            }
            NumberTest::In(values) => {
                let values = values.iter().map(Decimal::as_str).map(str::to_owned).collect();
                let values = self.bind(FilterArg::Texts(values));
                if self.postgres {
                    format!("COALESCE(CAST({field} AS NUMERIC) = ANY(CAST({values} AS NUMERIC[])), FALSE)")
                } else {
                    let list = format!("SELECT CAST(value AS REAL) FROM json_each({values})");
                    format!("COALESCE(CAST({field} AS REAL) IN ({list}), FALSE)")
                }
            }
        }
    }

    fn moment(&mut self, path: &FilterPath, comparison: Comparison, moment: Moment) -> String {
        let holds = comparison != Comparison::Differs;
        let condition = match path {
            FilterPath::LastInbound => self.last_inbound(&Bounds::new(comparison, instants(moment, self.now))),
            FilterPath::Field {
                key,
                kind: FieldType::Date,
            } => {
                let first = day(moment, self.now);
                let next = day_after(moment, self.now);
                let field = self.field(key);
                self.between_texts(&field, &Bounds::new(comparison, (first, next)))
            }
            FilterPath::Field { key, .. } => {
                let (from, until) = instants(moment, self.now);
                let field = self.field(key);
                self.between_texts(&field, &Bounds::new(comparison, (second(from), second(until))))
            }
            _ => {
                let bounds = Bounds::new(comparison, instants(moment, self.now));
                let bounds = bounds.map(|at| self.bind(FilterArg::Time(at)));
                format!("({})", bounds.on("c.created_at"))
            }
        };
        negated_unless(holds, condition)
    }

    fn between_texts(&mut self, field: &str, bounds: &Bounds<String>) -> String {
        let bounds = bounds.clone().map(|text| self.bind_text(&text));
        let field = if self.postgres {
            format!("{field} COLLATE \"C\"")
        } else {
            field.to_owned()
        };
        format!("COALESCE({}, FALSE)", bounds.on(&field))
    }
}

/// The values for which a comparison holds: from one on, before another. `!=` has those of `=`, to be negated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bounds<T> {
    pub from: Option<T>,
    pub before: Option<T>,
}

impl<T> Bounds<T> {
    /// Returns the bounds of a comparison with what lasts from the first value until just before the second.
    fn new(comparison: Comparison, (first, end): (T, T)) -> Self {
        let (from, before) = match comparison {
            Comparison::Equal | Comparison::Differs => (Some(first), Some(end)),
            Comparison::Less => (None, Some(first)),
            Comparison::AtMost => (None, Some(end)),
            Comparison::More => (Some(end), None),
            Comparison::AtLeast => (Some(first), None),
        };
        Self { from, before }
    }

    pub(super) fn map<U>(self, mut change: impl FnMut(T) -> U) -> Bounds<U> {
        Bounds {
            from: self.from.map(&mut change),
            before: self.before.map(change),
        }
    }
}

impl Bounds<String> {
    /// Returns the condition on a value.
    pub(super) fn on(&self, value: &str) -> String {
        let from = self.from.as_ref().map(|from| format!("{value} >= {from}"));
        let before = self.before.as_ref().map(|before| format!("{value} < {before}"));
        let both: Vec<String> = from.into_iter().chain(before).collect();
        both.join(" AND ")
    }
}

/// Returns from when to when a moment lasts: an instant a microsecond, a day 24 hours.
fn instants(moment: Moment, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let instant = |at: DateTime<Utc>| (at, at + TimeDelta::microseconds(1));
    match moment {
        Moment::Day(day) => {
            let first = day.and_time(chrono::NaiveTime::MIN).and_utc();
            (first, first + TimeDelta::days(1))
        }
        Moment::At(at) => instant(at),
        Moment::FromNow(span) => instant(now + span.delta()),
    }
}

/// Returns the day of a moment, as fields hold it.
fn day(moment: Moment, now: DateTime<Utc>) -> String {
    let (first, _) = instants(moment, now);
    first.date_naive().to_string()
}

fn day_after(moment: Moment, now: DateTime<Utc>) -> String {
    let (first, _) = instants(moment, now);
    (first + TimeDelta::days(1)).date_naive().to_string()
}

/// Returns the first whole second that is not before an instant, as fields hold it.
fn second(at: DateTime<Utc>) -> String {
    let whole = DateTime::<Utc>::from_timestamp_micros(at.timestamp_micros().div_euclid(1_000_000) * 1_000_000);
    let whole = whole
        .filter(|whole| *whole == at)
        .or_else(|| Some(whole? + TimeDelta::seconds(1)));
    whole.unwrap_or(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(super) fn negated_unless(holds: bool, condition: String) -> String {
    if holds { condition } else { format!("NOT {condition}") }
}
