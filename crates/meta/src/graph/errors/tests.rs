//! Tests of the error table.

use super::*;

/// Code, documented status (0 where none is), and whether it may be tried again: r by itself, p only with evidence, n not,
/// w when something outside has changed, c when the channel was checked. Numbers from the facts the table was made of.
const FACTS: &str = "
    0 401 c, 1 400 p, 2 503 p, 3 500 c, 4 400 r, 10 403 c, 33 400 c, 100 400 n, 190 401 c, 200 403 c, 250 403 c, 299 403 c,
    368 403 c, 80007 400 r, 80008 400 r, 130429 400 r, 130472 400 n, 130497 403 n, 130403 0 n, 130501 400 n, 131000 500 p,
    131005 403 c, 131008 400 n, 131009 400 n, 131016 500 p, 131021 400 n, 131026 400 n, 131030 400 n, 131031 403 c,
    131037 400 c, 131042 400 c, 131044 0 c, 131045 500 c, 131047 400 n, 131048 400 n, 131049 400 w, 131050 400 n, 131051 400 n,
    131052 400 n, 131053 400 n, 131055 400 n, 131056 400 r, 131057 500 w, 131059 400 n, 131061 0 n, 131062 400 n, 131063 0 n, 131064 0 n,
    132000 400 n, 132012 400 n, 132018 400 n, 132001 404 n, 132005 400 n, 132007 400 n, 132015 400 n, 132016 400 n,
    132068 400 n, 132069 400 n, 133000 500 n, 133004 503 r, 133005 400 n, 133006 400 n, 133008 400 n, 133009 400 w,
    133010 400 c, 133015 400 w, 133016 400 n, 134011 400 n, 134100 400 n, 134101 400 w, 134102 500 n, 135000 400 n,
    136024 400 n, 136025 400 n, 137000 0 n, 138000 400 n, 138006 400 n, 139100 400 n, 139103 400 n, 147001 400 n,
    147004 400 n, 2388019 400 n, 2494055 400 c, 2494100 400 w, 803 404 c, 2593109 400 n";

#[test]
fn the_table_says_of_every_documented_code_what_the_facts_say() {
    for fact in FACTS.split(',') {
        let [code, http, rule] = fact.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{fact}");
        };
        let code: i64 = code.parse().unwrap();
        let entry = entry(code);
        assert!(entry.covers(code), "{code} is not in the table");
        assert_eq!(entry.http.unwrap_or(0), http.parse::<u16>().unwrap(), "{code}");
        let found = match entry.retry {
            Retry::After { .. } => "r",
            Retry::Reconcile => "p",
            Retry::Never => "n",
            Retry::Park { .. } | Retry::Wait { .. } => "w",
            Retry::Checked => "c",
        };
        assert_eq!(found, rule, "{code}");
    }
}

#[test]
fn entries_are_in_order_and_none_covers_another() {
    for pair in all().windows(2) {
        assert!(
            pair[0].codes.end() < pair[1].codes.start(),
            "{} and {}",
            pair[0].codes(),
            pair[1].codes()
        );
    }
    assert!(all().iter().all(|entry| entry.codes.start() <= entry.codes.end()));
    assert_eq!(
        (entry(190).codes().to_string(), entry(201).codes().to_string()),
        ("190".into(), "200-299".into())
    );
}

#[test]
fn advice_is_something_a_person_can_read() {
    for entry in all().iter().chain([entry(987_654)]) {
        let advice = entry.advice;
        assert!(
            advice.ends_with('.') && advice.len() > 30 && advice.len() < 260,
            "{}: {advice}",
            entry.codes()
        );
        assert!(
            !advice.contains("  ") && !entry.title.ends_with('.'),
            "{}: {advice}",
            entry.codes()
        );
        assert!(!entry.title.is_empty() && entry.title.len() <= 60, "{}", entry.title);
    }
}

#[test]
fn what_must_stop_a_channel_stops_it() {
    for code in [
        0, 3, 10, 33, 190, 200, 368, 803, 131005, 131031, 131042, 133010, 2494055,
    ] {
        assert!(entry(code).has_effect(Effect::TripChannel), "{code}");
    }
    for code in [
        4, 100, 130429, 131000, 131026, 131047, 131049, 131056, 131057, 132001, 132015,
    ] {
        assert!(!entry(code).has_effect(Effect::TripChannel), "{code}");
    }
}

#[test]
fn classes_agree_with_their_rules() {
    for entry in all() {
        assert_eq!(
            entry.class == Class::Ambiguous,
            entry.retry == Retry::Reconcile,
            "{}",
            entry.codes()
        );
        assert_eq!(
            entry.has_effect(Effect::TripChannel),
            entry.retry == Retry::Checked,
            "{}",
            entry.codes()
        );
        if matches!(entry.class, Class::Token) {
            assert!(entry.has_effect(Effect::TripChannel), "{}", entry.codes());
        }
    }
    assert_eq!(entry(130429).class, Class::Throughput);
    assert_eq!(entry(131049).retry, Retry::Park { hours: 24 });
    assert_eq!(entry(131050).effects, [Effect::RecordOptOut]);
    assert_eq!(entry(131057).retry, Retry::Wait { minutes: 1 });
}

#[test]
fn a_code_nobody_knows_is_not_tried_again() {
    let unknown = entry(987_654);
    assert!(!unknown.covers(987_654) && unknown.retry == Retry::Never);
    assert_eq!(unknown.class, Class::Request);
}

#[test]
fn a_pair_rests_four_times_as_long_each_time() {
    let rests: Vec<i64> = (1..=8)
        .map(|attempt| entry(131056).retry.delay(attempt, 0.9).unwrap().num_seconds())
        .collect();
    assert_eq!(rests, [1, 4, 16, 64, 256, 1024, 3600, 3600]);
}

#[test]
fn chance_adds_to_a_rest_and_never_takes_from_it() {
    let retry = entry(130429).retry;
    assert_eq!(retry.delay(3, 0.0), Some(TimeDelta::seconds(4)));
    assert_eq!(retry.delay(3, 1.0), Some(TimeDelta::seconds(8)));
    assert_eq!(retry.delay(u32::MAX, 0.0), Some(TimeDelta::seconds(60)));
}

#[test]
fn a_parked_message_rests_longer_each_time() {
    let hours: Vec<i64> = (1..=6)
        .map(|attempt| entry(131049).retry.delay(attempt, 0.5).unwrap().num_hours())
        .collect();
    assert_eq!(hours, [24, 48, 96, 192, 336, 336]);
    assert_eq!(entry(131000).retry.delay(1, 0.5), None);
    assert_eq!(entry(100).retry.delay(1, 0.5), None);
}
