//! Judges contacts by a filter one by one, without SQL: what the statements are compared with.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use mainstay::{
    contacts::segments::language::{
        Comparison, ConsentTest, Filter, FilterPath, FilterTest, KnownConsent, Moment, NumberTest, TextColumn, TextTest,
    },
    domain::{ConsentPurpose, ConsentStatus, FieldType},
};

use super::people::{Person, now};

/// Whether a contact is one of those that a filter selects.
pub fn selects(filter: &Filter, person: &Person) -> bool {
    !person.group && !person.archived && holds(filter, person)
}

fn holds(filter: &Filter, person: &Person) -> bool {
    match filter {
        Filter::Or(terms) => terms.iter().any(|it| holds(it, person)),
        Filter::And(terms) => terms.iter().all(|it| holds(it, person)),
        Filter::Not(term) => !holds(term, person),
        Filter::Test(test) => passes(test, person),
    }
}

fn passes(test: &FilterTest, person: &Person) -> bool {
    let field = |key: &str| person.fields.get(key).map(String::as_str);
    match test {
        FilterTest::Known { path, known } => is_known(path, person) == *known,
        FilterTest::Text { path, is } => {
            let texts = texts(path, person);
            let any = |wanted: &dyn Fn(&str) -> bool| texts.iter().any(|it| wanted(it));
            match is {
                TextTest::Equal(text) => any(&|it| it == text),
                TextTest::Differs(text) => !any(&|it| it == text),
                TextTest::Contains(text) => any(&|it| it.to_ascii_lowercase().contains(&text.to_ascii_lowercase())),
                TextTest::Starts(text) => any(&|it| it.to_ascii_lowercase().starts_with(&text.to_ascii_lowercase())),
                TextTest::In(all) => any(&|it| all.iter().any(|text| it == text)),
            }
        }
        FilterTest::Number { key, is } => {
            let number = |text: &str| text.parse::<f64>().expect("it is a number");
            let has = field(key).map(number);
            match is {
                NumberTest::Compare(comparison, value) => compares(has, *comparison, number(value.as_str())),
                NumberTest::In(values) => values.iter().any(|it| Some(number(it.as_str())) == has),
            }
        }
        FilterTest::Boolean { key, equals, value } => (field(key) == Some(&value.to_string())) == *equals,
        FilterTest::Moment {
            path,
            comparison,
            moment,
        } => match path {
            FilterPath::Field {
                key,
                kind: FieldType::Date,
            } => {
                let has = field(key).map(|it| it.parse::<NaiveDate>().expect("it is a date"));
                compares(has, *comparison, day(*moment))
            }
            FilterPath::Field { key, .. } => {
                let has = field(key).map(|it| it.parse::<DateTime<Utc>>().expect("it is a time"));
                compares_instants(has, *comparison, *moment)
            }
            FilterPath::Created => compares_instants(Some(person.created_at), *comparison, *moment),
            _ => compares_instants(last_inbound(person), *comparison, *moment),
        },
        FilterTest::AnyDay { key, moments } => {
            let has = field(key).map(|it| it.parse::<NaiveDate>().expect("it is a date"));
            moments.iter().any(|it| Some(day(*it)) == has)
        }
        FilterTest::Consent { purpose, is } => {
            let has = consent(person, *purpose);
            match is {
                ConsentTest::Equal(status) => has == *status,
                ConsentTest::Differs(status) => has != *status,
                ConsentTest::In(all) => all.contains(&has),
            }
        }
        FilterTest::Label { any, .. } => any.iter().any(|it| person.labels.contains(&it.id)),
        FilterTest::Segment { filter, .. } => holds(filter, person),
        FilterTest::Window { open, on } => {
            let mut on_it = person
                .conversations
                .iter()
                .filter(|(channel, _)| on.as_ref().is_none_or(|on| on.id == *channel));
            on_it.any(|(_, window)| window.is_some_and(|until| until > now())) == *open
        }
    }
}

fn texts<'p>(path: &FilterPath, person: &'p Person) -> Vec<&'p String> {
    let found = match path {
        FilterPath::Name => [person.given_name.as_ref(), person.name.as_ref()],
        FilterPath::Column(column) => [
            match column {
                TextColumn::Country => &person.country,
                TextColumn::Language => &person.language,
                TextColumn::TimeZone => &person.time_zone,
                TextColumn::Source => &person.source,
                TextColumn::ExternalId => &person.external_id,
            }
            .as_ref(),
            None,
        ],
        FilterPath::Field { key, .. } => [person.fields.get(key), None],
        _ => [None, None],
    };
    found.into_iter().flatten().collect()
}

fn is_known(path: &FilterPath, person: &Person) -> bool {
    match path {
        FilterPath::Created => true,
        FilterPath::LastInbound => last_inbound(person).is_some(),
        FilterPath::Consent(purpose) => consent(person, *purpose).is_some(),
        _ => !texts(path, person).is_empty(),
    }
}

/// What is not known compares with nothing, so that only `!=` holds.
fn compares<T: PartialOrd>(has: Option<T>, comparison: Comparison, with: T) -> bool {
    let Some(has) = has else {
        return comparison == Comparison::Differs;
    };
    match comparison {
        Comparison::Equal => has == with,
        Comparison::Differs => has != with,
        Comparison::Less => has < with,
        Comparison::AtMost => has <= with,
        Comparison::More => has > with,
        Comparison::AtLeast => has >= with,
    }
}

fn compares_instants(has: Option<DateTime<Utc>>, comparison: Comparison, moment: Moment) -> bool {
    match moment {
        Moment::Day(day) => compares(has.map(|it| it.date_naive()), comparison, day),
        Moment::At(at) => compares(has, comparison, at),
        Moment::FromNow(span) => compares(has, comparison, now() + span.delta()),
    }
}

fn day(moment: Moment) -> NaiveDate {
    match moment {
        Moment::Day(day) => day,
        Moment::At(at) => at.date_naive(),
        Moment::FromNow(span) => (now() + span.delta()).date_naive(),
    }
}

fn last_inbound(person: &Person) -> Option<DateTime<Utc>> {
    let ends = person.conversations.iter().filter_map(|(_, window)| *window);
    ends.max().map(|end| end - TimeDelta::hours(24))
}

fn consent(person: &Person, purpose: ConsentPurpose) -> KnownConsent {
    let all: Vec<ConsentStatus> = person
        .consents
        .iter()
        .filter(|(of, ..)| *of == purpose)
        .map(|(.., status)| *status)
        .collect();
    if all.contains(&ConsentStatus::Revoked) {
        Some(ConsentStatus::Revoked)
    } else {
        all.first().copied()
    }
}
