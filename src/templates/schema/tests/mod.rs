//! Tests of template schemas.

mod filling;
mod kinds;

use serde_json::{Map, Value, json};

use super::{ButtonKind, Offer, ParameterFormat, Schema, TemplateHeader, placeholders::PlaceholderKind};
use crate::meta::message::{Invalid, Outbound};

fn compiled(components: Value) -> Schema {
    Schema::compile(Some("MARKETING"), None, &components)
}

fn check(schema: &Schema, components: Value) -> Result<(), Invalid> {
    let payload = json!({ "name": "t", "language": { "code": "en" }, "components": components });
    let message = Outbound::parse("template", &payload)?;
    schema.check(message.template().expect("it is a template"))
}

/// Everything a template may have.
fn rich() -> Schema {
    compiled(json!([
        { "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["4::aW"] } },
        { "type": "BODY", "text": "Hi {{1}}, {{2}} off, {{1}}!", "example": { "body_text": [["Ana", "20%"]] } },
        { "type": "FOOTER", "text": "Reply STOP" },
        { "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Soon over", "has_expiration": true } },
        { "type": "BUTTONS", "buttons": [
            { "type": "COPY_CODE", "text": "Copy", "example": ["CODE25"] },
            { "type": "URL", "text": "Shop", "url": "https://a.example/{{1}}", "example": ["https://a.example/x"] },
            { "type": "QUICK_REPLY", "text": "Stop" },
            { "type": "PHONE_NUMBER", "text": "Call", "phone_number": "+1555" },
        ] },
    ]))
}

fn good() -> Value {
    json!([
        { "type": "header", "parameters": [{ "type": "image", "image": { "id": "17" } }] },
        { "type": "body", "parameters": [
            { "type": "text", "text": "Ana" },
            { "type": "currency", "currency": { "fallback_value": "$5", "code": "USD", "amount_1000": 5000 } },
        ] },
        { "type": "limited_time_offer", "parameters": [
            { "type": "limited_time_offer", "limited_time_offer": { "expiration_time_ms": 1_900_000_000_000_i64 } } ] },
        { "type": "button", "sub_type": "COPY_CODE", "index": 0, "parameters": [{ "type": "coupon_code", "coupon_code": "SUMMER" }] },
        { "type": "button", "sub_type": "url", "index": "1", "parameters": [{ "type": "text", "text": "orders/17" }] },
    ])
}

#[test]
fn components_are_compiled_into_what_a_send_has_to_give() {
    let schema = rich();
    assert_eq!(
        schema.header,
        TemplateHeader::File(crate::meta::message::MediaKind::Image)
    );
    let names: Vec<&str> = schema.body.variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        (names, schema.body.naming),
        (vec!["1", "2"], ParameterFormat::Positional)
    );
    assert_eq!(schema.body.variables[1].example.as_deref(), Some("20%"));
    assert_eq!(
        (schema.footer.as_deref(), &schema.offer),
        (Some("Reply STOP"), &Offer::Expires)
    );
    let kinds: Vec<ButtonKind> = schema.buttons.iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [
            ButtonKind::CopyCode,
            ButtonKind::UrlWithVariable,
            ButtonKind::QuickReply,
            ButtonKind::Plain
        ]
    );
    let placeholders: Vec<(String, PlaceholderKind, bool)> = schema
        .placeholders()
        .into_iter()
        .map(|it| (it.key, it.kind, it.required))
        .collect();
    let expected = [
        ("header", PlaceholderKind::Image, true),
        ("body.1", PlaceholderKind::Text, true),
        ("body.2", PlaceholderKind::Text, true),
        ("limited_time_offer", PlaceholderKind::Time, true),
        ("buttons.0", PlaceholderKind::CouponCode, true),
        ("buttons.1", PlaceholderKind::Text, true),
        ("buttons.2", PlaceholderKind::Payload, false),
    ];
    assert_eq!(
        placeholders,
        expected.map(|(key, kind, required)| (key.to_owned(), kind, required))
    );
}

#[test]
fn numbered_variables_are_given_by_number_and_named_ones_by_name() {
    let slots = compiled(json!([{ "type": "BODY", "text": "{{2}} before {{1}} and {{ 10 }}" }])).body;
    let names: Vec<&str> = slots.variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["1", "2", "10"]);
    let named = json!([{ "type": "body", "text": "On {{day}} at {{time}}", "example": { "body_text_named_params": [
        { "param_name": "time", "example": "7 pm" }] } }]);
    let slots = compiled(named.clone()).body;
    assert_eq!(
        (slots.naming, slots.variables[1].example.as_deref()),
        (ParameterFormat::Named, Some("7 pm"))
    );
    let by_format = Schema::compile(None, Some("NAMED"), &json!([{ "type": "BODY", "text": "Code {{1}}" }]));
    assert_eq!(by_format.body.naming, ParameterFormat::Named);
    for odd in ["{{}}", "{{ }}", "{{a", "a}}", "{ {1} }", "{{{{1}}"] {
        let count = compiled(json!([{ "type": "BODY", "text": odd }])).body.variables.len();
        assert_eq!(count, usize::from(odd == "{{{{1}}"), "{odd}");
    }
}

#[test]
fn a_send_that_fits_passes() {
    check(&rich(), good()).unwrap();
    check(&compiled(json!([{ "type": "BODY", "text": "Hello" }])), json!([])).unwrap();
    let payload = json!([{ "type": "button", "sub_type": "quick_reply", "index": "2", "parameters": [{ "type": "payload", "payload": "stop" }] }]);
    let mut with_payload = good();
    with_payload
        .as_array_mut()
        .unwrap()
        .extend(payload.as_array().unwrap().clone());
    check(&rich(), with_payload).unwrap();
    // Kinds that are not known here are Meta's to judge.
    let unknown =
        compiled(json!([{ "type": "BODY", "text": "Hi" }, { "type": "BUTTONS", "buttons": [{ "type": "HOLOGRAM" }] }]));
    check(
        &unknown,
        json!([{ "type": "hologram" }, { "type": "button", "sub_type": "hologram", "index": 0 }]),
    )
    .unwrap();
}

#[test]
fn a_send_that_does_not_fit_is_refused_by_the_name_of_the_member() {
    let without = |index: usize| {
        let mut components = good();
        components.as_array_mut().unwrap().remove(index);
        components
    };
    let with = |pointer: &str, value: Value| {
        let mut components = good();
        *components.pointer_mut(pointer).expect(pointer) = value;
        components
    };
    let and = |component: Value| {
        let mut components = good();
        components.as_array_mut().unwrap().push(component);
        components
    };
    let text = |text: &str| json!({ "type": "text", "text": text });
    let cases: Vec<(Value, &str, &str)> = vec![
        (
            without(0),
            "template.components",
            "lacks a header with one parameter of type image",
        ),
        (without(1), "template.components", "lacks a body with its 2 parameters"),
        (without(2), "template.components", "lacks a limited_time_offer"),
        (
            without(3),
            "template.components",
            "lacks a button of sub_type copy_code and index 0",
        ),
        (
            without(4),
            "template.components",
            "lacks a button of sub_type url and index 1",
        ),
        (
            with("/0/parameters/0", text("x")),
            "template.components[0].parameters[0].type",
            "must be image",
        ),
        (
            with("/0/parameters", json!([])),
            "template.components[0].parameters",
            "must be 1, as the template has; this has 0",
        ),
        (
            with("/0/parameters/0", json!({ "type": "video", "video": { "id": "1" } })),
            "template.components[0].parameters[0].type",
            "must be image",
        ),
        (
            with("/1/parameters", json!([text("Ana")])),
            "template.components[1].parameters",
            "must be 2, as the template has; this has 1",
        ),
        (
            with("/1/parameters", json!([text("a"), text("b"), text("c")])),
            "template.components[1].parameters",
            "this has 3",
        ),
        (
            with("/1/parameters/0", json!({ "type": "image", "image": { "id": "1" } })),
            "template.components[1].parameters[0].type",
            "must be text, currency or date_time",
        ),
        (
            with("/1/parameters/0", json!({ "type": "payload", "payload": "1" })),
            "template.components[1].parameters[0].type",
            "must be text",
        ),
        (
            with(
                "/1/parameters",
                json!([
            { "type": "text", "text": "a", "parameter_name": "x" }, { "type": "text", "text": "b", "parameter_name": "y" }]),
            ),
            "template.components[1].parameters[0].parameter_name",
            "must be left out",
        ),
        (
            with("/3/sub_type", json!("url")),
            "template.components[3].sub_type",
            "must be copy_code",
        ),
        (
            with("/3/parameters/0", text("CODE")),
            "template.components[3].parameters[0].type",
            "must be coupon_code",
        ),
        (
            with("/4/index", json!("0")),
            "template.components[4].index",
            "names button 0 a second time",
        ),
        (
            with("/4/index", json!(7)),
            "template.components[4].index",
            "names no button: the template has 4",
        ),
        (
            with("/4/parameters", json!([])),
            "template.components[4].parameters",
            "must be 1",
        ),
        (
            with("/4/parameters/0/text", json!("x".repeat(2_001))),
            "template.components[4].parameters[0].text",
            "at most 2000 characters",
        ),
        (
            and(json!({ "type": "body", "parameters": [] })),
            "template.components[5]",
            "is a second body",
        ),
        (
            and(json!({ "type": "footer", "parameters": [text("x")] })),
            "template.components[5].parameters",
            "must be left out",
        ),
        (
            and(json!({ "type": "button", "sub_type": "voice_call", "index": 3, "parameters": [] })),
            "template.components[5]",
            "takes no parameter",
        ),
        (
            and(
                json!({ "type": "carousel", "cards": [{ "card_index": 0, "components": [] }, { "card_index": 1, "components": [] }] }),
            ),
            "template.components[5].cards",
            "must be 0",
        ),
    ];
    for (components, field, problem) in cases {
        let shown = components.to_string();
        let invalid = check(&rich(), components).expect_err(&shown);
        assert_eq!(invalid.field, field, "{shown}: {invalid}");
        assert!(invalid.problem.contains(problem), "{shown}: {invalid}");
    }
}

#[test]
fn named_variables_are_all_given_and_no_others() {
    let schema = compiled(json!([{ "type": "BODY", "text": "Hi {{name}}, see you on {{day}}." }]));
    let body = |parameters: Value| json!([{ "type": "body", "parameters": parameters }]);
    let named = |name: &str| json!({ "type": "text", "text": "x", "parameter_name": name });
    check(&schema, body(json!([named("day"), named("name")]))).unwrap();
    let at = "template.components[0].parameters";
    let cases = [
        (json!([named("day")]), at.to_owned(), "lacks the variable name"),
        (
            json!([named("day"), named("nmae")]),
            format!("{at}[1].parameter_name"),
            "must be one of name, day",
        ),
        (
            json!([{ "type": "text", "text": "x" }, { "type": "text", "text": "y" }]),
            format!("{at}[0].parameter_name"),
            "is missing",
        ),
        (
            json!([named("day"), named("name"), named("z")]),
            at.to_owned(),
            "must be 2",
        ),
    ];
    for (parameters, field, problem) in cases {
        let invalid = check(&schema, body(parameters)).unwrap_err();
        assert!(invalid.field == field && invalid.problem.contains(problem), "{invalid}");
    }
}

fn variables(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}
