//! A filter as a tree, typed by the catalogue it was read with.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::domain::{ConsentPurpose, ConsentStatus, FieldType};

/// What contacts are selected by.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    Test(FilterTest),
}

/// One question about a contact. It is answered by yes or no: what is not known is no.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterTest {
    /// `path is known`, `path is not known`.
    Known {
        path: FilterPath,
        known: bool,
    },
    Text {
        path: FilterPath,
        is: TextTest,
    },
    Number {
        key: String,
        is: NumberTest,
    },
    /// `fields.x = true`, `fields.x != true`.
    Boolean {
        key: String,
        equals: bool,
        value: bool,
    },
    /// A date, or an instant.
    Moment {
        path: FilterPath,
        comparison: Comparison,
        moment: Moment,
    },
    /// `fields.x in (2026-11-30, -1d)`, of a date.
    AnyDay {
        key: String,
        moments: Vec<Moment>,
    },
    Consent {
        purpose: ConsentPurpose,
        is: ConsentTest,
    },
    /// `tag = "vip"`, `list = "guests"`; with `in` any of several.
    Label {
        kind: LabelKind,
        any: Vec<Named>,
        listed: bool,
    },
    Segment {
        segment: Named,
        filter: Box<Filter>,
    },
    /// `window is open`, on one channel or any.
    Window {
        open: bool,
        on: Option<Named>,
    },
}

/// A property of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterPath {
    /// The given name or the profile name in WhatsApp.
    Name,
    Column(TextColumn),
    Created,
    LastInbound,
    Consent(ConsentPurpose),
    Field {
        key: String,
        kind: FieldType,
    },
}

/// A text column of contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextColumn {
    Country,
    Language,
    TimeZone,
    Source,
    ExternalId,
}

impl TextColumn {
    pub(super) const ALL: [Self; 5] = [
        Self::Country,
        Self::Language,
        Self::TimeZone,
        Self::Source,
        Self::ExternalId,
    ];

    /// Returns its name, in filters and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Language => "language",
            Self::TimeZone => "time_zone",
            Self::Source => "source",
            Self::ExternalId => "external_id",
        }
    }
}

/// How a text is compared. Equality is exact; `contains` and `starts` take A and a for one letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    Equal(String),
    Differs(String),
    Contains(String),
    Starts(String),
    In(Vec<String>),
}

/// How a number is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberTest {
    Compare(Comparison, Decimal),
    In(Vec<Decimal>),
}

/// How a consent is compared. One of no purpose is `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentTest {
    Equal(KnownConsent),
    Differs(KnownConsent),
    In(Vec<KnownConsent>),
}

/// The status of a consent over all channels: revoked on one is revoked. `None` is `unknown`.
pub type KnownConsent = Option<ConsentStatus>;

/// An order of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Differs,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    /// Returns its sign, in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Differs => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// A number in its one form: no zeros that say nothing, at most 15 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

impl Decimal {
    /// Most digits: what a double holds exactly.
    pub const DIGITS: usize = 15;

    /// Parses `-12.50`; `None` if it is no number or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        let (whole_digits, part_digits) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
        if !is_digits(whole) || !is_digits(part) || whole_digits.len() + part_digits.len() > Self::DIGITS {
            return None;
        }
        let whole = if whole_digits.is_empty() { "0" } else { whole_digits };
        Some(Self(match (whole, part_digits) {
            ("0", "") => "0".to_owned(),
            (whole, "") => format!("{sign}{whole}"),
            (whole, part) => format!("{sign}{whole}.{part}"),
        }))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A day or an instant, given or counted from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// In UTC. Beside an instant it stands for all of the day.
    Day(NaiveDate),
    At(DateTime<Utc>),
    /// `-30d`: so long before now; `+1w`: after.
    FromNow(Span),
}

/// A time span as it was written: whole minutes, hours, days or weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub amount: i64,
    pub unit: SpanUnit,
}

/// Unit of a time span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanUnit {
    Minutes,
    Hours,
    Days,
    Weeks,
}

impl SpanUnit {
    pub const ALL: [Self; 4] = [Self::Minutes, Self::Hours, Self::Days, Self::Weeks];

    pub const fn letter(self) -> char {
        match self {
            Self::Minutes => 'm',
            Self::Hours => 'h',
            Self::Days => 'd',
            Self::Weeks => 'w',
        }
    }

    const fn minutes(self) -> i64 {
        match self {
            Self::Minutes => 1,
            Self::Hours => 60,
            Self::Days => 24 * 60,
            Self::Weeks => 7 * 24 * 60,
        }
    }
}

impl Span {
    /// Longest span: a hundred years.
    const LONGEST: i64 = 100 * 366 * 24 * 60;

    /// Creates a span; `None` beyond a hundred years.
    pub fn new(amount: i64, unit: SpanUnit) -> Option<Self> {
        let minutes = amount.checked_mul(unit.minutes())?;
        (minutes.abs() <= Self::LONGEST).then_some(Self { amount, unit })
    }

    pub fn delta(self) -> TimeDelta {
        TimeDelta::minutes(self.amount * self.unit.minutes())
    }
}

/// A tag or list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    Tag,
    List,
}

impl LabelKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::List => "list",
        }
    }
}

/// A thing that a filter names, with the id that the name stood for when the filter was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: Uuid,
    pub name: String,
}

impl Filter {
    /// Visits the tests of the filter itself, not those of the segments that it names.
    pub fn visit<'f>(&'f self, see: &mut impl FnMut(&'f FilterTest)) {
        match self {
            Self::Or(terms) | Self::And(terms) => terms.iter().for_each(|term| term.visit(see)),
            Self::Not(term) => term.visit(see),
            Self::Test(test) => see(test),
        }
    }

    /// Gives a new name to a tag, list or segment in the filter itself. Returns whether it was named there.
    pub(crate) fn rename(&mut self, id: Uuid, name: &str) -> bool {
        match self {
            Self::Or(terms) | Self::And(terms) => terms.iter_mut().fold(false, |any, term| term.rename(id, name) | any),
            Self::Not(term) => term.rename(id, name),
            Self::Test(test) => {
                let named = test.named_mut().filter(|it| it.id == id);
                named.map(|it| name.clone_into(&mut it.name)).count() > 0
            }
        }
    }
}

impl FilterTest {
    /// Returns the things that the test names by a name that may change.
    fn named_mut(&mut self) -> impl Iterator<Item = &mut Named> {
        let (several, one) = match self {
            Self::Label { any, .. } => (&mut any[..], None),
            Self::Segment { segment, .. } => (&mut [][..], Some(segment)),
            _ => (&mut [][..], None),
        };
        several.iter_mut().chain(one)
    }
}
