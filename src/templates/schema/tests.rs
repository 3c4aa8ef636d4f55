use serde_json::{Map, Value, json};

use super::{ButtonKind, Header, Naming, Offer, PlaceKind, Schema};
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
    assert_eq!(schema.header, Header::File(crate::meta::message::MediaKind::Image));
    let names: Vec<&str> = schema.body.variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((names, schema.body.naming), (vec!["1", "2"], Naming::Positional));
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
    let places: Vec<(String, PlaceKind, bool)> = schema
        .places()
        .into_iter()
        .map(|it| (it.key, it.kind, it.required))
        .collect();
    let expected = [
        ("header", PlaceKind::Image, true),
        ("body.1", PlaceKind::Text, true),
        ("body.2", PlaceKind::Text, true),
        ("limited_time_offer", PlaceKind::Time, true),
        ("buttons.0", PlaceKind::CouponCode, true),
        ("buttons.1", PlaceKind::Text, true),
        ("buttons.2", PlaceKind::Payload, false),
    ];
    assert_eq!(
        places,
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
        (Naming::Named, Some("7 pm"))
    );
    let by_format = Schema::compile(None, Some("NAMED"), &json!([{ "type": "BODY", "text": "Code {{1}}" }]));
    assert_eq!(by_format.body.naming, Naming::Named);
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

#[test]
fn a_one_time_code_has_at_most_15_characters_in_both_its_places() {
    let forms = [
        json!([{ "type": "BODY", "add_security_recommendation": true }, { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE" }] }]),
        // As Meta shows the same template afterwards.
        json!([{ "type": "BODY", "text": "*{{1}}* is your verification code." }, { "type": "BUTTONS", "buttons": [
            { "type": "URL", "text": "Copy", "url": "https://www.whatsapp.com/otp/code/?code=otp{{1}}" }] }]),
    ];
    for form in forms {
        let schema = Schema::compile(Some("AUTHENTICATION"), None, &form);
        let send = |body: &str, button: &str| {
            json!([
                { "type": "body", "parameters": [{ "type": "text", "text": body }] },
                { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": button }] },
            ])
        };
        check(&schema, send("123456789012345", "123456789012345")).unwrap();
        let body = check(&schema, send("1234567890123456", "1")).unwrap_err();
        assert_eq!(
            (body.field.as_str(), body.limit),
            ("template.components[0].parameters[0].text", Some(15))
        );
        let button = check(&schema, send("1", "1234567890123456")).unwrap_err();
        assert_eq!(
            (button.field.as_str(), button.limit),
            ("template.components[1].parameters[0].text", Some(15))
        );
        let missing = check(&schema, json!([send("1", "1")[0].clone()])).unwrap_err();
        assert!(missing.problem.contains("sub_type url and index 0"), "{missing}");
        // Given once, the code stands in both places.
        let filled = schema.components(&variables(json!({ "1": "934271" }))).unwrap();
        assert_eq!(filled[1]["parameters"][0]["text"], "934271");
    }
}

#[test]
fn every_card_of_a_carousel_is_filled_like_a_template() {
    let card = json!({ "components": [{ "type": "HEADER", "format": "IMAGE" }, { "type": "BODY", "text": "{{1}} now" },
        { "type": "BUTTONS", "buttons": [{ "type": "URL", "text": "Buy", "url": "https://a.example/{{1}}" }] }] });
    let schema = compiled(json!([{ "type": "BODY", "text": "New" }, { "type": "CAROUSEL", "cards": [card, card] }]));
    let filled = |index: usize, link: &str| {
        json!({ "card_index": index, "components": [
            { "type": "header", "parameters": [{ "type": "image", "image": { "link": link } }] },
            { "type": "body", "parameters": [{ "type": "text", "text": "Half price" }] },
            { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "x" }] }] })
    };
    let link = "https://a.example/1.png";
    let carousel = |cards: Value| json!([{ "type": "carousel", "cards": cards }]);
    check(&schema, carousel(json!([filled(1, link), filled(0, link)]))).unwrap();
    let mut lacking = filled(1, link);
    lacking["components"].as_array_mut().unwrap().pop();
    let cases = [
        (json!([]), "template.components", "lacks a carousel with 2 cards"),
        (
            carousel(json!([filled(0, link), filled(1, link), filled(2, link)])),
            "template.components[0].cards",
            "must be 2",
        ),
        (
            carousel(json!([filled(0, link), filled(5, link)])),
            "template.components[0].cards[1].card_index",
            "names no card",
        ),
        (
            carousel(json!([filled(0, link), lacking])),
            "template.components[0].cards[1].components",
            "lacks a button",
        ),
    ];
    for (components, field, problem) in cases {
        let invalid = check(&schema, components).unwrap_err();
        assert!(invalid.field == field && invalid.problem.contains(problem), "{invalid}");
    }
}

#[test]
fn a_location_is_on_the_earth_and_a_product_has_an_id() {
    let with =
        |format: &str| compiled(json!([{ "type": "HEADER", "format": format }, { "type": "BODY", "text": "x" }]));
    let header = |parameter: Value| json!([{ "type": "header", "parameters": [parameter] }]);
    let place = |latitude: Value| {
        header(
            json!({ "type": "location", "location": { "latitude": latitude, "longitude": "-58.4", "name": "x", "address": "y" } }),
        )
    };
    check(&with("LOCATION"), place(json!(-34.6))).unwrap();
    check(&with("LOCATION"), place(json!("-34.6"))).unwrap();
    for wrong in [json!(91), json!("north"), Value::Null] {
        let invalid = check(&with("LOCATION"), place(wrong)).unwrap_err();
        assert_eq!(invalid.field, "template.components[0].parameters[0].location.latitude");
    }
    check(
        &with("PRODUCT"),
        header(json!({ "type": "product", "product": { "product_retailer_id": "a", "catalog_id": "b" } })),
    )
    .unwrap();
    let invalid = check(&with("PRODUCT"), header(json!({ "type": "product", "product": {} }))).unwrap_err();
    assert_eq!(
        invalid.field,
        "template.components[0].parameters[0].product.product_retailer_id"
    );
}

fn variables(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

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
        for place in schema.places() {
            variables.insert(place.key, json!(text));
        }
        let _ = schema.components(&variables);
        let _ = schema.components(&Map::new());
    }
}
