use serde_json::{Map, Value, json};

use super::{check, compiled, rich, variables};
use crate::meta::message::Outbound;

#[test]
fn variables_by_key_become_a_send_that_fits() {
    let schema = rich();
    let given = json!({ "header": "https://a.example/1.png", "1": "Ana", "body.2": { "currency": { "fallback_value": "$5", "code": "USD", "amount_1000": 5000 } },
        "limited_time_offer": 1_900_000_000_000_i64, "buttons.0": "SUMMER", "buttons.1": "orders/17", "buttons.2": "stop" });
    let components = schema.components(&variables(given.clone())).unwrap();
    check(&schema, Value::Array(components.clone())).unwrap();
    let payload = json!({ "name": "t", "language": { "code": "en" }, "components": components });
    let message = Outbound::parse("template", &payload).unwrap();
    let shown = schema.render(message.template().unwrap());
    assert_eq!(shown.body, "Hi Ana, $5 off, Ana!");
    assert_eq!(
        shown.header.as_ref().unwrap().value,
        Some(json!({ "link": "https://a.example/1.png" }))
    );
    assert_eq!(shown.footer.as_deref(), Some("Reply STOP"));
    assert_eq!(shown.buttons[0].value.as_deref(), Some("SUMMER"));
    assert_eq!(shown.buttons[1].url.as_deref(), Some("https://a.example/orders/17"));
    assert_eq!(
        (
            shown.buttons[2].value.as_deref(),
            shown.buttons[3].phone_number.as_deref()
        ),
        (Some("stop"), Some("+1555"))
    );
    for (change, field, problem) in [
        (("buttons.1", Value::Null), "variables.buttons.1", "is missing"),
        (
            ("colour", json!("red")),
            "variables.colour",
            "is no variable of the template, which has header, body.1",
        ),
        (("body.1", json!("Ana")), "variables.", "is given twice"),
        (("body.2", json!([1])), "variables.body.2", "must be text, a number"),
        (("header", json!(7)), "variables.header", "must be a link"),
    ] {
        let mut changed = variables(given.clone());
        match change.1 {
            Value::Null => drop(changed.remove(change.0)),
            value => drop(changed.insert(change.0.to_owned(), value)),
        }
        let invalid = schema.components(&changed).unwrap_err();
        assert!(
            invalid.field.starts_with(field) && invalid.problem.contains(problem),
            "{invalid}"
        );
    }
}

proptest::proptest! {
    /// Whatever Meta may answer compiles, and whatever is sent is passed or refused, never a panic.
    #[test]
    fn nothing_makes_it_panic(text in "[a-z0-9{} \\u{e9}]{0,40}", format in "(TEXT|image|LOCATION|X)?", kind in "(url|OTP|quick_reply|mpm|z)", index in 0u8..12, parameter in "(text|payload|image|action)") {
        let schema = compiled(json!([{ "type": "header", "format": format, "text": text }, { "type": "BODY", "text": text },
            { "type": "BUTTONS", "buttons": [{ "type": kind, "url": text }] }]));
        let send = json!([{ "type": "header", "parameters": [{ "type": parameter, parameter.clone(): { "id": "1" } }] },
            { "type": "button", "sub_type": kind, "index": index, "parameters": [{ "type": parameter, "text": text }] }]);
        let _ = check(&schema, send);
        let mut variables = Map::new();
        for place in schema.placeholders() {
            variables.insert(place.key, json!(text));
        }
        let _ = schema.components(&variables);
        let _ = schema.components(&Map::new());
    }
}
