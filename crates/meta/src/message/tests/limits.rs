//! Every length and count that Meta documents, at its limit and one beyond.

use serde_json::{Value, json};

use super::{parse, refused, samples};

/// A sample by its type, or by the kind of interactive message.
fn sample(name: &str) -> (&'static str, Value) {
    let is = |(kind, payload): &(&str, Value)| *kind == name || payload["type"] == name;
    samples()
        .into_iter()
        .find(is)
        .unwrap_or_else(|| panic!("no sample of {name}"))
}

/// Sample, JSON pointer to a text, the longest it may be.
const LENGTHS: &[(&str, &str, usize)] = &[
    ("text", "/body", 4_096),
    ("image", "/caption", 1_024),
    ("video", "/caption", 1_024),
    ("document", "/caption", 1_024),
    ("button", "/body/text", 1_024),
    ("button", "/footer/text", 60),
    ("button", "/action/buttons/0/reply/id", 256),
    ("button", "/action/buttons/1/reply/title", 20),
    ("list", "/header/text", 60),
    ("list", "/body/text", 4_096),
    ("list", "/footer/text", 60),
    ("list", "/action/button", 20),
    ("list", "/action/sections/0/title", 24),
    ("list", "/action/sections/0/rows/0/id", 200),
    ("list", "/action/sections/1/rows/0/title", 24),
    ("list", "/action/sections/0/rows/0/description", 72),
    ("cta_url", "/body/text", 1_024),
    ("cta_url", "/action/parameters/display_text", 20),
    ("flow", "/body/text", 1_024),
    ("product", "/body/text", 1_024),
    ("product_list", "/header/text", 60),
    ("product_list", "/body/text", 1_024),
    ("product_list", "/action/sections/0/title", 24),
    ("catalog_message", "/body/text", 1_024),
    ("carousel", "/body/text", 1_024),
    ("carousel", "/action/cards/0/body/text", 160),
    ("carousel", "/action/cards/1/action/parameters/display_text", 20),
    ("location_request_message", "/body/text", 1_024),
    ("address_message", "/body/text", 1_024),
    ("voice_call", "/body/text", 1_024),
    ("voice_call", "/action/parameters/display_text", 20),
    ("voice_call", "/action/parameters/payload", 512),
    ("call_permission_request", "/body/text", 1_024),
    ("request_contact_info", "/body/text", 1_024),
    ("template", "/name", 512),
];

/// `/action/buttons/0/title` → `interactive.action.buttons[0].title`.
fn path(kind: &str, pointer: &str) -> String {
    let mut path = kind.to_owned();
    for step in pointer.split('/').skip(1) {
        match step.parse::<usize>() {
            Ok(index) => path.push_str(&format!("[{index}]")),
            Err(_) => path.push_str(&format!(".{step}")),
        }
    }
    path
}

#[test]
fn a_text_may_be_as_long_as_its_limit_and_no_longer() {
    for (name, pointer, max) in LENGTHS {
        let (kind, mut payload) = sample(name);
        for letter in ["x", "ä"] {
            if letter == "ä" && *name == "template" {
                continue;
            }
            *payload.pointer_mut(pointer).expect(pointer) = json!(letter.repeat(*max));
            if let Err(invalid) = parse(kind, &payload) {
                panic!("{name} {pointer}: {invalid}");
            }
            *payload.pointer_mut(pointer).unwrap() = json!(letter.repeat(max + 1));
            let invalid = refused(kind, &payload);
            assert_eq!(
                (invalid.field.clone(), invalid.limit),
                (path(kind, pointer), Some(*max as u64))
            );
            let problem = format!("must be at most {max} characters; this has {}", max + 1);
            assert_eq!(invalid.to_string(), format!("{}: {problem}", invalid.field));
        }
        *payload.pointer_mut(pointer).unwrap() = json!("");
        assert_eq!(refused(kind, &payload).problem, "must not be empty", "{name} {pointer}");
    }
}

/// Sets a list to so many elements and tells whether it is taken, and if not, which limit it breaks.
fn with(name: &str, pointer: &str, elements: Vec<Value>) -> Option<u64> {
    let (kind, mut payload) = sample(name);
    *payload.pointer_mut(pointer).expect(pointer) = Value::Array(elements);
    parse(kind, &payload)
        .err()
        .map(|invalid| invalid.limit.expect("a limit"))
}

fn each(count: usize, element: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(element).collect()
}

#[test]
fn a_list_may_be_as_long_as_its_limit_and_no_longer() {
    let button = |n: usize| json!({ "type": "reply", "reply": { "id": n.to_string(), "title": n.to_string() } });
    let buttons = |count| with("button", "/action/buttons", each(count, button));
    assert_eq!(
        [buttons(0), buttons(1), buttons(3), buttons(4)],
        [Some(1), None, None, Some(3)]
    );

    let row = |n: usize| json!({ "id": n.to_string(), "title": n.to_string() });
    let section = |n: usize| json!({ "title": n.to_string(), "rows": [row(n)] });
    let sections = |count| with("list", "/action/sections", each(count, section));
    assert_eq!(
        [sections(0), sections(1), sections(10), sections(11)],
        [Some(1), None, None, Some(10)]
    );
    let rows = |count| with("list", "/action/sections", vec![json!({ "rows": each(count, row) })]);
    assert_eq!([rows(0), rows(1), rows(10), rows(11)], [Some(1), None, None, Some(10)]);

    let item = |n: usize| json!({ "product_retailer_id": n.to_string() });
    let items = |count| {
        with(
            "product_list",
            "/action/sections",
            vec![json!({ "product_items": each(count, item) })],
        )
    };
    assert_eq!(
        [items(0), items(1), items(30), items(31)],
        [Some(1), None, None, Some(30)]
    );
    let section = |n: usize| json!({ "title": n.to_string(), "product_items": [item(n)] });
    let sections = |count| with("product_list", "/action/sections", each(count, section));
    assert_eq!([sections(0), sections(10), sections(11)], [Some(1), None, Some(10)]);

    let card = |n: usize| json!({ "card_index": n, "type": "product", "action": { "product_retailer_id": n.to_string(), "catalog_id": "1" } });
    let cards = |count| with("carousel", "/action/cards", each(count, card));
    assert_eq!(
        [cards(1), cards(2), cards(10), cards(11)],
        [Some(2), None, None, Some(10)]
    );

    let contact = |n: usize| json!({ "name": { "formatted_name": n.to_string(), "first_name": "B" } });
    let contacts = |count| {
        parse("contacts", &Value::Array(each(count, contact)))
            .err()
            .map(|invalid| invalid.limit.unwrap())
    };
    assert_eq!(
        [contacts(0), contacts(1), contacts(257), contacts(258)],
        [Some(1), None, None, Some(257)]
    );
}

#[test]
fn a_number_may_be_as_great_as_its_limit_and_no_greater() {
    let ranges = [
        ("location", "/latitude", json!(-90), json!(90.0), json!(-90.1)),
        ("location", "/longitude", json!("-180"), json!("180.0"), json!("180.5")),
        (
            "voice_call",
            "/action/parameters/ttl_minutes",
            json!(1),
            json!(43_200),
            json!(43_201),
        ),
        (
            "voice_call",
            "/action/parameters/ttl_minutes",
            json!(1),
            json!(2),
            json!(0),
        ),
        ("pin", "/expiration_days", json!(1), json!(30), json!(31)),
    ];
    for (name, pointer, min, max, beyond) in ranges {
        let (kind, mut payload) = sample(name);
        for within in [min, max] {
            *payload.pointer_mut(pointer).unwrap() = within.clone();
            assert!(parse(kind, &payload).is_ok(), "{pointer} {within}");
        }
        *payload.pointer_mut(pointer).unwrap() = beyond.clone();
        let invalid = refused(kind, &payload);
        assert_eq!(invalid.field, path(kind, pointer), "{beyond}");
        assert!(invalid.limit.is_some());
    }
    for nonsense in [json!("NaN"), json!("inf"), json!("north"), json!(null), json!([1])] {
        assert!(
            parse("location", &json!({ "latitude": nonsense, "longitude": 0 })).is_err(),
            "{nonsense}"
        );
    }
}
