//! Codes, carousels, places and products.

use serde_json::{Value, json};

use super::{check, compiled, variables};
use crate::templates::schema::Schema;

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
        let other = check(&schema, send("934271", "934272")).unwrap_err();
        assert_eq!(other.field, "template.components[1].parameters[0].text");
        assert!(other.problem.contains("the code that the body shows"), "{other}");
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

#[test]
fn the_longest_of_a_body_hangs_on_what_else_there_is() {
    let body = json!({ "type": "BODY", "text": "Hi {{1}}!" });
    let max_length = |category: &str, components: Value| {
        let schema = Schema::compile(Some(category), None, &components);
        schema.placeholders().first().and_then(|place| place.max_length)
    };
    assert_eq!(max_length("UTILITY", json!([body])), Some(32_768));
    for other in [
        json!({ "type": "HEADER", "format": "TEXT", "text": "Note" }),
        json!({ "type": "FOOTER", "text": "Bye" }),
        json!({ "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "Stop" }] }),
    ] {
        assert_eq!(max_length("UTILITY", json!([body, other])), Some(1_024), "{other}");
    }
    assert_eq!(max_length("AUTHENTICATION", json!([body])), Some(15));
}
