//! What Meta lets a send of a template leave out, and what it does not: buttons, cards, names, letters, lengths.

use mainstay_sim::{Category, TemplateSeed};
use mainstay_test_macros::both_sizes;
use serde_json::{Value, json};

use super::STRANGER;
use crate::{sending::world::World, support::app::WABA};

async fn stock(world: &World, templates: &[(&str, Value)]) {
    for (name, components) in templates {
        let seed = TemplateSeed {
            components: components.clone(),
            ..TemplateSeed::text(name, "en_US", Category::Utility, "")
        };
        world.simulator.graph().add_template(WABA, seed);
    }
    world.fetch_templates().await;
}

fn filled(world: &World, name: &str, components: Value) -> Value {
    let mut request = world.template_to(STRANGER, name, "en_US", &[]);
    request["template"]["components"] = components;
    request
}

/// The template as Meta's side took it.
async fn taken(world: &World, request: Value) -> Value {
    let id = world.send(request).await;
    world
        .until_is(&id, "it is accepted", |it| World::outcomes(it) == ["accepted"])
        .await;
    world.simulator.graph().sends().last().unwrap().json()["template"].clone()
}

/// The member that is refused, and the limit.
async fn refused(world: &World, request: Value) -> (String, Option<u64>, String) {
    let answer = world.post("messages", request.clone()).await;
    assert_eq!(answer.problem(422), "invalid-field", "{request}");
    let problem = answer.json();
    let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
    (text("field"), problem["limit"].as_u64(), text("detail"))
}

#[both_sizes]
async fn a_flow_or_a_catalogue_button_needs_no_parameters(world: World) {
    let button = |button: Value| json!([{ "type": "BODY", "text": "Book now please" }, { "type": "BUTTONS", "buttons": [button] }]);
    let flow =
        json!({ "type": "FLOW", "text": "Book", "flow_id": "123", "flow_action": "navigate", "navigate_screen": "A" });
    stock(
        &world,
        &[
            ("flow", button(flow)),
            ("shop", button(json!({ "type": "CATALOG", "text": "Shop" }))),
        ],
    )
    .await;
    for kind in ["flow", "catalog"] {
        let name = if kind == "flow" { "flow" } else { "shop" };
        let bare = json!({ "type": "button", "sub_type": kind, "index": "0" });
        let mut empty = bare.clone();
        empty["parameters"] = json!([]);
        for component in [bare, empty] {
            let template = taken(&world, filled(&world, name, json!([component]))).await;
            assert_eq!(template["components"], json!([component]), "{name}");
        }
    }
    let token = json!([{ "type": "button", "sub_type": "flow", "index": "0", "parameters": [{ "type": "action", "action": { "flow_token": "t" } }] }]);
    assert_eq!(
        taken(&world, filled(&world, "flow", token.clone())).await["components"],
        token
    );
    // Meta answers 131009 where the component of a flow is missing; of a catalogue it may be.
    let (field, _, detail) = refused(&world, world.template_to(STRANGER, "flow", "en_US", &[])).await;
    assert_eq!(field, "template.components");
    assert!(
        detail.contains("a button of sub_type flow and index 0 without parameters"),
        "{detail}"
    );
    taken(&world, world.template_to(STRANGER, "shop", "en_US", &[])).await;
    // Whoever gives values by name need not know of it.
    let template = world.template("flow").await;
    let path = format!("/api/v1/templates/{}/preview", template["id"].as_str().unwrap());
    let preview = world.client.post(&path, json!({ "variables": {} })).await.ok().json();
    assert_eq!(
        preview["template"]["components"],
        json!([{ "type": "button", "sub_type": "flow", "index": "0" }]),
        "{preview:#}"
    );
    world.end().await;
}

#[both_sizes]
async fn a_carousel_of_products_has_two_to_ten_cards_and_one_of_pictures_as_many_as_approved(world: World) {
    let product = json!({ "components": [
        { "type": "header", "format": "product" }, { "type": "buttons", "buttons": [{ "type": "spm", "text": "View" }] }] });
    let picture = json!({ "components": [{ "type": "HEADER", "format": "IMAGE" }] });
    let carousel =
        |card: &Value| json!([{ "type": "BODY", "text": "Look." }, { "type": "CAROUSEL", "cards": [card, card] }]);
    stock(
        &world,
        &[("products", carousel(&product)), ("pictures", carousel(&picture))],
    )
    .await;
    let cards = |name: &str, count: usize| {
        let parameter = |place: usize| match name {
            "products" => {
                json!({ "type": "product", "product": { "product_retailer_id": format!("p{place}"), "catalog_id": "7" } })
            }
            _ => json!({ "type": "image", "image": { "link": "https://a.example/1.png" } }),
        };
        let card = |place: usize| json!({ "card_index": place, "components": [{ "type": "header", "parameters": [parameter(place)] }] });
        json!([{ "type": "carousel", "cards": (0..count).map(card).collect::<Vec<_>>() }])
    };
    for count in [2, 3, 10] {
        let components = cards("products", count);
        assert_eq!(
            taken(&world, filled(&world, "products", components.clone())).await["components"],
            components
        );
    }
    for count in [1, 11] {
        assert_eq!(
            refused(&world, filled(&world, "products", cards("products", count)))
                .await
                .0,
            "template.components[0].cards"
        );
    }
    let mut gap = cards("products", 3);
    gap[0]["cards"][2]["card_index"] = json!(4);
    assert_eq!(
        refused(&world, filled(&world, "products", gap)).await.0,
        "template.components[0].cards[2].card_index"
    );
    taken(&world, filled(&world, "pictures", cards("pictures", 2))).await;
    let (field, limit, _) = refused(&world, filled(&world, "pictures", cards("pictures", 3))).await;
    assert_eq!((field.as_str(), limit), ("template.components[0].cards", Some(2)));
    // By name, too.
    let template = world.template("products").await;
    let path = format!("/api/v1/templates/{}/preview", template["id"].as_str().unwrap());
    let named = |count: usize| -> Value {
        let product = |place: usize| json!({ "product_retailer_id": format!("p{place}"), "catalog_id": "7" });
        let variables = (0..count).map(|place| (format!("cards.{place}.header"), product(place)));
        json!({ "variables": variables.collect::<serde_json::Map<_, _>>() })
    };
    let preview = world.client.post(&path, named(4)).await.ok().json();
    assert_eq!(preview["template"]["components"], cards("products", 4), "{preview:#}");
    assert_eq!(
        preview["rendered"]["cards"].as_array().map(Vec::len),
        Some(4),
        "{preview:#}"
    );
    assert_eq!(world.client.post(&path, named(11)).await.problem(422), "invalid-field");
    world.end().await;
}

#[both_sizes]
async fn a_variable_of_a_body_has_a_longest_that_is_shown(world: World) {
    let body = json!({ "type": "BODY", "text": "Hello {{1}} bye.", "example": { "body_text": [["a"]] } });
    let header = json!({ "type": "HEADER", "format": "TEXT", "text": "Note" });
    stock(&world, &[("beside", json!([header, body])), ("alone", json!([body]))]).await;
    for (name, longest) in [("beside", 1_024), ("alone", 32_768)] {
        let text = |count: usize| world.template_to(STRANGER, name, "en_US", &[&"ä".repeat(count)]);
        taken(&world, text(longest)).await;
        let (field, limit, _) = refused(&world, text(longest + 1)).await;
        assert_eq!(
            (field.as_str(), limit),
            ("template.components[0].parameters[0].text", Some(longest as u64))
        );
        let id = world.template(name).await["id"].as_str().unwrap().to_owned();
        let shown = world.client.get(&format!("/api/v1/templates/{id}")).await.ok().json();
        assert_eq!(shown["places"][0]["max_length"], longest, "{shown:#}");
    }
    world.end().await;
}

#[both_sizes]
async fn a_template_with_names_says_so_and_a_category_may_be_in_small_letters(world: World) {
    let named = json!([{ "type": "body", "text": "Hello {{first_name}}, your parcel is here.",
        "example": { "body_text_named_params": [{ "param_name": "first_name", "example": "Ana" }] } }]);
    let draft = |name: &str, components: &Value| {
        json!({ "channel_id": world.channel, "name": name, "language": "en_US",
        "category": "marketing", "components": components })
    };
    let made = world.post("templates", draft("named", &named)).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let made = made.json();
    assert_eq!(
        (&made["parameter_format"], &made["category"]),
        (&json!("NAMED"), &json!("MARKETING")),
        "{made:#}"
    );
    let mut said = draft("said", &named);
    said["parameter_format"] = json!("positional");
    assert_eq!(world.post("templates", said).await.problem(422), "invalid-field");
    let plain =
        json!([{ "type": "BODY", "text": "Hello {{1}}, your parcel is here.", "example": { "body_text": [["Ana"]] } }]);
    let made = world.post("templates", draft("numbered", &plain)).await;
    assert_eq!(made.json()["parameter_format"], "POSITIONAL", "{}", made.text());
    let mut odd = draft("odd", &plain);
    odd["category"] = json!("service");
    let problem = world.post("templates", odd).await;
    assert_eq!(problem.problem(422), "invalid-field", "{}", problem.text());
    assert_eq!(problem.json()["field"], "category");
    assert!(
        problem
            .text()
            .contains("must be one of AUTHENTICATION, MARKETING and UTILITY"),
        "{}",
        problem.text()
    );
    // What a send gives may be written either way, too.
    stock(&world, &[("letters", plain)]).await;
    let components = json!([{ "type": "BODY", "parameters": [{ "type": "TEXT", "text": "Ana" }] }]);
    let template = taken(&world, filled(&world, "letters", components)).await;
    assert_eq!(
        template["components"][0]["parameters"][0],
        json!({ "type": "text", "text": "Ana" })
    );
    world.end().await;
}
