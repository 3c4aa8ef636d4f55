//! Random filters.

use chrono::TimeDelta;
use mainstay::{
    contacts::segments::language::{
        CatalogueSegment, Comparison, ConsentTest, Decimal, Filter, FilterPath, FilterTest, KnownConsent, Moment,
        Named, NumberTest, Span, SpanUnit, TextColumn, TextTest, parse,
    },
    domain::{ConsentPurpose, ConsentStatus, FieldType},
};
use uuid::Uuid;

use super::people::{Belongings, CHOICES, Dice, FIELDS, NAMES, NUMBERS, PLACES, instant, now};

const COLUMNS: [TextColumn; 5] = [
    TextColumn::Country,
    TextColumn::Language,
    TextColumn::TimeZone,
    TextColumn::Source,
    TextColumn::ExternalId,
];
const CONSENTS: [KnownConsent; 3] = [Some(ConsentStatus::Granted), Some(ConsentStatus::Revoked), None];
const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::Differs,
    Comparison::Less,
    Comparison::AtMost,
    Comparison::More,
    Comparison::AtLeast,
];

/// Adds segments, each of which may name those before it.
pub fn add_segments(dice: &mut Dice, has: &mut Belongings) {
    for n in 0..4 {
        let filter = filter(dice, has, 2).to_string();
        let segment = CatalogueSegment {
            id: Uuid::from_u128(400 + n),
            name: format!("Segment {n}"),
            filter,
        };
        has.catalogue.add_segment(segment);
    }
}

/// A filter with at most so many operators within one another.
pub fn filter(dice: &mut Dice, has: &Belongings, depth: usize) -> Filter {
    let mut term = |dice: &mut Dice| filter(dice, has, depth - 1);
    match if depth == 0 { 0 } else { dice.below(5) } {
        1 => Filter::Not(Box::new(term(dice))),
        2 => Filter::And(two_or_three(dice, &mut term)),
        3 => Filter::Or(two_or_three(dice, &mut term)),
        _ => Filter::Test(test(dice, has)),
    }
}

fn two_or_three(dice: &mut Dice, term: &mut impl FnMut(&mut Dice) -> Filter) -> Vec<Filter> {
    (0..2 + dice.below(2)).map(|_| term(dice)).collect()
}

fn test(dice: &mut Dice, has: &Belongings) -> FilterTest {
    match dice.below(12) {
        0 => FilterTest::Known {
            path: path(dice),
            known: dice.one_in(2),
        },
        1 => text(dice, FilterPath::Name, NAMES),
        2 => {
            let column = *dice.pick(&COLUMNS);
            text(dice, FilterPath::Column(column), PLACES)
        }
        3..=5 => of_field(dice),
        6 => FilterTest::Moment {
            path: if dice.one_in(2) {
                FilterPath::Created
            } else {
                FilterPath::LastInbound
            },
            comparison: *dice.pick(&COMPARISONS),
            moment: moment(dice, true),
        },
        7 => FilterTest::Consent {
            purpose: *dice.pick(&ConsentPurpose::ALL),
            is: match dice.below(3) {
                0 => ConsentTest::Equal(*dice.pick(&CONSENTS)),
                1 => ConsentTest::Differs(*dice.pick(&CONSENTS)),
                _ => ConsentTest::In(dice.several(3, |dice| *dice.pick(&CONSENTS))),
            },
        },
        8 | 9 => label(dice, has),
        10 => FilterTest::Window {
            open: dice.one_in(2),
            on: dice.one_in(2).then(|| dice.pick(&has.channels).clone()),
        },
        _ => segment(dice, has),
    }
}

fn path(dice: &mut Dice) -> FilterPath {
    match dice.below(6) {
        0 => FilterPath::Name,
        1 => FilterPath::Column(*dice.pick(&COLUMNS)),
        2 => FilterPath::Created,
        3 => FilterPath::LastInbound,
        4 => FilterPath::Consent(*dice.pick(&ConsentPurpose::ALL)),
        _ => {
            let (key, kind) = *dice.pick(&FIELDS);
            field(key, kind)
        }
    }
}

fn field(key: &str, kind: FieldType) -> FilterPath {
    FilterPath::Field {
        key: key.to_owned(),
        kind,
    }
}

fn text(dice: &mut Dice, path: FilterPath, of: &[&str]) -> FilterTest {
    let mut whole = dice.text(of);
    let part = |dice: &mut Dice, whole: &str| {
        let letters: Vec<char> = whole.chars().collect();
        let from = dice.below(letters.len());
        letters[from..].iter().take(1 + dice.below(3)).collect::<String>()
    };
    let is = match dice.below(5) {
        0 => TextTest::Equal(whole),
        1 => TextTest::Differs(whole),
        2 => TextTest::Contains(part(dice, &whole)),
        3 => {
            whole.truncate(whole.char_indices().nth(1).map_or(whole.len(), |(at, _)| at));
            TextTest::Starts(whole)
        }
        _ => TextTest::In(dice.several(3, |dice| dice.text(of))),
    };
    FilterTest::Text { path, is }
}

fn of_field(dice: &mut Dice) -> FilterTest {
    let (key, kind) = *dice.pick(&FIELDS);
    let comparison = *dice.pick(&COMPARISONS);
    let decimal = |dice: &mut Dice| Decimal::parse(&dice.text(NUMBERS)).unwrap();
    match kind {
        FieldType::Text => text(dice, field(key, kind), PLACES),
        FieldType::Choice => {
            let is = match dice.below(3) {
                0 => TextTest::Equal(dice.text(CHOICES)),
                1 => TextTest::Differs(dice.text(CHOICES)),
                _ => TextTest::In(dice.several(2, |dice| dice.text(CHOICES))),
            };
            let path = field(key, kind);
            FilterTest::Text { path, is }
        }
        FieldType::Number => FilterTest::Number {
            key: key.to_owned(),
            is: match dice.below(3) {
                0 => NumberTest::In(dice.several(4, decimal)),
                _ => NumberTest::Compare(comparison, decimal(dice)),
            },
        },
        FieldType::Boolean => FilterTest::Boolean {
            key: key.to_owned(),
            equals: dice.one_in(2),
            value: dice.one_in(2),
        },
        FieldType::Date if dice.one_in(3) => FilterTest::AnyDay {
            key: key.to_owned(),
            moments: dice.several(3, |dice| moment(dice, false)),
        },
        FieldType::Date | FieldType::Datetime => FilterTest::Moment {
            path: field(key, kind),
            comparison,
            moment: moment(dice, kind == FieldType::Datetime),
        },
    }
}

fn moment(dice: &mut Dice, instants: bool) -> Moment {
    let spans = [
        (-1, SpanUnit::Days),
        (-24, SpanUnit::Hours),
        (-30, SpanUnit::Days),
        (1, SpanUnit::Weeks),
        (0, SpanUnit::Minutes),
    ];
    match dice.below(if instants { 3 } else { 2 }) {
        0 => Moment::Day((now() - TimeDelta::days([0, 1, 2, 30][dice.below(4)])).date_naive()),
        1 => {
            let (amount, unit) = *dice.pick(&spans);
            Moment::FromNow(Span::new(amount, unit).unwrap())
        }
        _ => Moment::At(instant(dice)),
    }
}

fn label(dice: &mut Dice, has: &Belongings) -> FilterTest {
    let (kind, _) = *dice.pick(&has.labels);
    let of_kind: Vec<&Named> = has
        .labels
        .iter()
        .filter(|(it, _)| *it == kind)
        .map(|(_, it)| it)
        .collect();
    let listed = dice.one_in(2);
    let any = dice.several(if listed { 3 } else { 1 }, |dice| (*dice.pick(&of_kind)).clone());
    FilterTest::Label { kind, any, listed }
}

/// A segment, or a test where there is none yet.
fn segment(dice: &mut Dice, has: &Belongings) -> FilterTest {
    let known: Vec<&CatalogueSegment> = has.catalogue.segments().collect();
    if known.is_empty() {
        return label(dice, has);
    }
    let found = dice.pick(&known);
    let filter = parse(&found.filter, &has.catalogue, None).unwrap();
    let segment = Named {
        id: found.id,
        name: found.name.clone(),
    };
    let filter = Box::new(filter);
    FilterTest::Segment { segment, filter }
}
