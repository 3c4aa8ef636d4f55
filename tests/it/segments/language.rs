//! What filters may say, how they are shown, and what is said of those that are none.

use mainstay::contacts::{
    segments::language::{CatalogueSegment, FilterCatalogue, FilterTreeView, limits, parse},
    store::segments::FilterCondition,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::people::{Dice, belongings, now};
use super::random;

fn shown(text: &str) -> String {
    match parse(text, &belongings().catalogue, None) {
        Ok(filter) => filter.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_filter_has_one_form_however_it_is_written() {
    for (text, form) in [
        (r#"tag="VIP""#, r#"tag = "vip""#),
        (r#" TAG In ( "vip" ,"beta" ) "#, r#"tag in ("vip", "Beta")"#),
        (r#"list in ("guests")"#, r#"list in ("guests")"#),
        (
            r#"((name = "a")) or not (country="DE")"#,
            r#"name = "a" or not country = "DE""#,
        ),
        (
            r#"(name = "a" or name = "b") and name = "c""#,
            r#"(name = "a" or name = "b") and name = "c""#,
        ),
        (
            r#"name = "a" or (name = "b" and name = "c")"#,
            r#"name = "a" or name = "b" and name = "c""#,
        ),
        (r#"not (not (name = "a"))"#, r#"not (not name = "a")"#),
        (
            r#"name contains "say \"hi\" \\ "#,
            "column 15: this text has no closing quote",
        ),
        (r#"name contains "say \"hi\" \\""#, r#"name contains "say \"hi\" \\""#),
        (
            "fields.age >= 007.50 and fields.age!=-0.0",
            "fields.age >= 7.5 and fields.age != 0",
        ),
        ("fields.member = TRUE", "fields.member = true"),
        ("fields.born in (2026-01-31, -1d)", "fields.born in (2026-01-31, -1d)"),
        ("fields.grade = \"gold\"", "fields.grade = \"Gold\""),
        ("created >= 2026-01-31T10:00+05:30", "created >= 2026-01-31T04:30:00Z"),
        ("created >= 2026-01-31T10:00Z", "created >= 2026-01-31T10:00:00Z"),
        ("last_inbound > -30d", "last_inbound > -30d"),
        ("last_inbound is not known", "last_inbound is not known"),
        ("consent.marketing != \"revoked\"", "consent.marketing != \"revoked\""),
        ("window is open on \"49151300\"", "window is open on \"49151300\""),
        ("window is closed", "window is closed"),
        ("name = \"Zoe\u{308}\"", "name = \"Zoë\""),
    ] {
        assert_eq!(shown(text), form, "{text}");
    }
}

#[test]
fn an_error_says_where_and_what_was_expected() {
    for (text, error) in [
        ("", "column 1: expected a test, such as `tag = \"vip\"`, found the end"),
        (
            "tag = \"vip\" and",
            "column 16: expected a test, such as `tag = \"vip\"`, found the end",
        ),
        (
            "tag = \"vip\" tag = \"vip\"",
            "column 13: expected `and`, `or` or the end, found `tag`",
        ),
        (
            "(tag = \"vip\"",
            "column 13: expected `and`, `or` or `)`, found the end",
        ),
        (
            "tag = \"vipp\"",
            "column 7: there is no tag \"vipp\"; did you mean \"vip\"?",
        ),
        ("list = \"vip\"", "column 8: there is no list \"vip\""),
        (
            "tag != \"vip\"",
            "column 5: expected `=` or `in` (for those without it, `not tag = …`), found `!=`",
        ),
        ("segment = \"a\"", "column 11: there is no segment \"a\""),
        (
            "fields.ctiy = \"Pune\"",
            "column 1: there is no field `ctiy`; did you mean `fields.city`?",
        ),
        (
            "city = \"Pune\"",
            "column 1: contacts have no property `city`; the field is `fields.city`",
        ),
        (
            "contry = \"DE\"",
            "column 1: contacts have no property `contry`; did you mean `country`?",
        ),
        (
            "phone = \"49\"",
            "column 1: contacts have no property `phone`; custom fields are written `fields.key`",
        ),
        (
            "name > \"a\"",
            "column 6: expected `=`, `!=`, `contains`, `starts`, `in` or `is`, found `>`",
        ),
        ("name = Ana", "column 8: expected a text in double quotes, found `ana`"),
        (
            "name = 'Ana'",
            "column 8: the character `'` has no meaning here; texts stand in straight double quotes: \"Pune\"",
        ),
        (
            "名 = \"é\"",
            "column 1: contacts have no property `名`; custom fields are written `fields.key`",
        ),
        (
            "name = \"é\" & name = \"b\"",
            "column 12: the character `&` has no meaning here; write `and`",
        ),
        ("name = \"a\u{7}\"", "column 10: a text holds no control characters"),
        (
            "name = \"a\\n\"",
            "column 10: after a backslash only `\"` or `\\` may stand",
        ),
        (
            "name is unknown",
            "column 9: expected `known` or `not known`, found `unknown`",
        ),
        ("name is not", "column 12: expected `known`, found the end"),
        ("name in ()", "column 10: expected a text in double quotes, found `)`"),
        ("name in (\"a\" \"b\")", "column 14: expected `,` or `)`, found a text"),
        ("fields.age > \"18\"", "column 14: expected a number, found a text"),
        (
            "fields.age contains 1",
            "column 12: expected `=`, `!=`, `<`, `<=`, `>`, `>=`, `in` or `is`, found `contains`",
        ),
        (
            "fields.member = 1",
            "column 17: expected `true` or `false`, found the number 1",
        ),
        (
            "fields.grade = \"Golt\"",
            "column 16: this is no choice of the field `grade`; did you mean \"Gold\"?",
        ),
        (
            "fields.born > 2026-01-31T00:00:00Z",
            "column 15: expected a date `2026-11-30` or a time span `-30d`, found `2026-01-31T00:00:00Z`",
        ),
        (
            "consent.marketing = \"yes\"",
            "column 21: expected \"granted\", \"revoked\" or \"unknown\", found a text",
        ),
        (
            "consent.news = \"granted\"",
            "column 1: contacts have no property `consent.news`; did you mean `consent.all`?",
        ),
        ("window is ajar", "column 11: expected `open` or `closed`, found `ajar`"),
        (
            "window is open on \"1\"",
            "column 19: there is no such channel; give its id `chn_…` or its number",
        ),
        (
            "last_inbound in (-1d)",
            "column 14: expected `=`, `!=`, `<`, `<=`, `>`, `>=` or `is`, found `in`",
        ),
        (
            "not not name = \"a\"",
            "column 5: expected a test, such as `tag = \"vip\"`, found `not`",
        ),
    ] {
        assert_eq!(shown(text), error, "{text}");
    }
    const VALUE: &str = " is no number of at most 15 digits, no date `2026-11-30`, no time `2026-11-30T09:00:00Z` and no time span `-30d` (m, h, d or w)";
    for value in [
        "1234567890123456",
        "1e5",
        "5d",
        "+5",
        "-30y",
        "2026-02-30",
        "2026-1-1",
        "-999999w",
        "2026-11-30T09:00:00",
        "1.",
    ] {
        assert_eq!(
            shown(&format!("created > {value}")),
            format!("column 11: `{value}`{VALUE}")
        );
    }
}

#[test]
fn each_limit_is_kept() {
    let many = |n: usize, one: &str, between: &str| vec![one; n].join(between);
    let test = "name = \"a\"";
    assert!(shown(&many(limits::TESTS, test, " or ")).starts_with("name"));
    assert_eq!(
        shown(&many(limits::TESTS + 1, test, " or ")),
        "column 701: a filter has at most 50 tests, those of the segments that it names included"
    );
    let within = |n: usize| format!("{}{test}{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(shown(&within(limits::DEPTH)), test);
    assert_eq!(
        shown(&within(limits::DEPTH + 1)),
        "column 11: parentheses stand at most 10 within one another"
    );
    let value = |n: usize| format!("name = \"{}\"", "é".repeat(n));
    assert_eq!(shown(&value(limits::VALUE)), value(limits::VALUE));
    assert_eq!(
        shown(&value(limits::VALUE + 1)),
        "column 8: a text has at most 1000 characters"
    );
    let list = |n: usize| format!("fields.age in ({})", many(n, "1", ","));
    assert!(shown(&list(limits::VALUES)).starts_with("fields.age in (1, 1"));
    assert_eq!(
        shown(&list(limits::VALUES + 1)),
        "column 2016: a list has at most 1000 values"
    );
    let long = format!("{test}{}", " ".repeat(limits::TEXT));
    assert_eq!(shown(&long), "column 1: a filter has at most 4096 bytes");
    assert_eq!(shown(&long[..limits::TEXT]), test);
}

fn segment(n: u128, filter: &str) -> CatalogueSegment {
    CatalogueSegment {
        id: Uuid::from_u128(n),
        name: format!("S{n}"),
        filter: filter.to_owned(),
    }
}

#[test]
fn segments_stand_within_one_another_up_to_a_limit_and_never_within_themselves() {
    let mut catalogue = belongings().catalogue;
    let read = |catalogue: &FilterCatalogue, text: &str, of: Option<u128>| {
        let filter = parse(text, catalogue, of.map(Uuid::from_u128));
        filter.map_or_else(|error| error.to_string(), |filter| filter.to_string())
    };
    catalogue.add_segment(segment(1, "tag = \"vip\""));
    for n in 2..=6 {
        catalogue.add_segment(segment(n, &format!("segment = \"s{}\"", n - 1)));
    }
    assert_eq!(read(&catalogue, "segment = \"S5\"", None), "segment = \"S5\"");
    assert_eq!(read(&catalogue, "segment = \"S5\"", Some(6)), "segment = \"S5\"");
    let deep = "column 11: in the segment \"S6\": column 11: in the segment \"S5\": column 11: in the segment \"S4\": column 11: in the segment \"S3\": \
                column 11: in the segment \"S2\": column 11: segments stand at most 5 within one another";
    assert_eq!(read(&catalogue, "segment = \"S6\"", None), deep);
    assert_eq!(
        read(&catalogue, "segment = \"S1\"", Some(1)),
        "column 11: the segment \"S1\" would contain itself"
    );
    let around = "column 11: in the segment \"S3\": column 11: in the segment \"S2\": column 11: the segment \"S1\" would contain itself";
    assert_eq!(read(&catalogue, "segment = \"S3\"", Some(1)), around);
    catalogue.add_segment(segment(1, &vec!["tag = \"vip\""; 20].join(" or ")));
    let twice = "segment = \"S1\" or segment = \"S1\"";
    assert_eq!(read(&catalogue, twice, None), twice);
    let thrice = format!("{twice} or segment = \"S1\"");
    assert!(read(&catalogue, &thrice, None).contains("a filter has at most 50 tests"));
    catalogue.add_segment(segment(2, "tag = \"gone\""));
    let gone = "column 11: in the segment \"S2\": column 7: there is no tag \"gone\"";
    assert_eq!(read(&catalogue, "segment = \"S2\"", None), gone);
}

#[test]
fn the_tree_is_shown_with_its_words() {
    let text = "tag = \"vip\" and not (fields.age in (1, 2) or window is open on \"49151300\")";
    let filter = parse(text, &belongings().catalogue, None).unwrap();
    let test = |path: &str, operator: &str, values: &[&str]| json!({"type": "test", "path": path, "operator": operator, "values": values});
    let mut window = test("window", "is", &["open"]);
    window["channel"] = json!("49151300");
    let or = json!({"type": "or", "terms": [test("fields.age", "in", &["1", "2"]), window]});
    let tree = json!({"type": "and", "terms": [test("tag", "=", &["vip"]), {"type": "not", "term": or}]});
    assert_eq!(serde_json::to_value(FilterTreeView::from(&filter)).unwrap(), tree);
}

#[test]
fn the_text_of_a_statement_is_the_same_whatever_the_values() {
    let catalogue = belongings().catalogue;
    let of = |[text, number, date, time, span]: [&str; 5], postgres| {
        let filter = format!(
            "name contains \"{text}\" or fields.city in (\"{text}\", \"{text}\") or fields.age >= {number} or fields.born < {date} \
             or created = {time} or last_inbound > {span} or fields.seen <= {time} or external_id = \"{text}\""
        );
        FilterCondition::new(&parse(&filter, &catalogue, None).unwrap(), postgres, now()).text
    };
    for postgres in [false, true] {
        let one = of(["x", "1", "2026-01-01", "2026-01-01T00:00:00Z", "-1d"], postgres);
        let other = of(
            [
                "'; DROP TABLE contacts; --$9",
                "-77.5",
                "1999-12-31",
                "1999-12-31T01:02:03Z",
                "+9w",
            ],
            postgres,
        );
        assert_eq!(one, other);
    }
}

/// Pieces that filters are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "and",
        "or",
        "not",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        ">=",
        "in",
        "is",
        "known",
        "contains",
        "starts",
        "tag",
        "list",
        "segment",
        "window",
        "open",
        "on",
        "name",
        "country",
        "created",
        "last_inbound",
        "consent.marketing",
        "fields.city",
        "fields.age",
        "fields.member",
        "fields.born",
        "fields.seen",
        "fields.grade",
        "\"vip\"",
        "\"Zoë\"",
        "\"\\\"\"",
        "1",
        "-2.5",
        "true",
        "2026-11-30",
        "2026-11-30T00:00:00Z",
        "-30d",
        "+1w",
        "\"granted\"",
        "\"S1\"",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..30).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = parse(&text, &belongings().catalogue, None);
    }

    #[test]
    fn no_order_of_words_makes_the_reader_panic(text in pieces()) {
        let mut catalogue = belongings().catalogue;
        catalogue.add_segment(segment(1, &text));
        match parse(&text, &catalogue, None) {
            Ok(filter) => prop_assert_eq!(parse(&filter.to_string(), &catalogue, None), Ok(filter)),
            Err(error) => prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{error}: {text}"),
        }
    }

    #[test]
    fn nothing_that_a_filter_says_stands_in_its_statement(seed: u64) {
        let mut has = belongings();
        let mut dice = Dice(seed);
        random::add_segments(&mut dice, &mut has);
        let filter = random::filter(&mut dice, &has, 3);
        for postgres in [false, true] {
            let condition = FilterCondition::new(&filter, postgres, now());
            // What is left without the constants that have such characters.
            let text = condition.text.replace("COLLATE \"C\"", "").replace("->>", "");
            prop_assert!(!text.contains(['\'', ';', '"', '\\', '-']), "{text}");
            let numbers = text.split(|c: char| !c.is_ascii_digit() && c != '$').filter(|it| !it.is_empty());
            for number in numbers.filter(|it| !it.starts_with('$')) {
                prop_assert!(matches!(number, "0" | "1"), "{number} in {text}");
            }
        }
    }
}
