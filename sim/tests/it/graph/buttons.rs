//! Sends of templates: cards, buttons that may be bare, and how long a value may be.

use axum::http::StatusCode;
use serde_json::json;

use super::{World, code};

#[tokio::test]
async fn a_carousel_has_as_many_cards_as_were_approved() {
    let world = World::new().await;
    let card = json!({"components": [{"type": "HEADER", "format": "IMAGE"}]});
    world.stock(json!([{"type": "BODY", "text": "Look."}, {"type": "CAROUSEL", "cards": [card, card]}]));
    let filled = |count: usize| {
        let cards: Vec<_> = (0..count)
            .map(|place| json!({"card_index": place, "components": [{"type": "header", "parameters": [{"type": "image", "image": {"link": "https://a.example"}}]}]}))
            .collect();
        json!([{"type": "carousel", "cards": cards}])
    };
    assert_eq!(world.fill(filled(2)).await.0, StatusCode::OK);
    assert_eq!(code(&world.fill(filled(3)).await.1), 132000);
    assert_eq!(code(&world.fill(json!([])).await.1), 132000);
}

#[tokio::test]
async fn a_carousel_of_products_has_two_to_ten_cards() {
    let world = World::new().await;
    let card = json!({"components": [{"type": "header", "format": "product"}, {"type": "buttons", "buttons": [{"type": "spm", "text": "View"}]}]});
    world.stock(json!([{"type": "body", "text": "Look."}, {"type": "carousel", "cards": [card, card]}]));
    let filled = |count: usize| {
        let cards: Vec<_> = (0..count)
            .map(|place| {
                json!({"card_index": place, "components": [{"type": "header", "parameters": [
                {"type": "product", "product": {"product_retailer_id": "p", "catalog_id": "7"}}]}]})
            })
            .collect();
        json!([{"type": "carousel", "cards": cards}])
    };
    for count in [2, 3, 10] {
        assert_eq!(world.fill(filled(count)).await.0, StatusCode::OK, "{count}");
    }
    assert_eq!(code(&world.fill(filled(1)).await.1), 132000);
}

#[tokio::test]
async fn a_flow_button_needs_its_component_and_no_parameters() {
    let world = World::new().await;
    let flow = json!({"type": "FLOW", "text": "Book", "flow_id": "1"});
    world.stock(json!([{"type": "BODY", "text": "Book now."}, {"type": "BUTTONS", "buttons": [flow]}]));
    assert_eq!(code(&world.fill(json!([])).await.1), 131009);
    let bare = json!({"type": "button", "sub_type": "flow", "index": "0"});
    let mut empty = bare.clone();
    empty["parameters"] = json!([]);
    for component in [bare, empty] {
        assert_eq!(world.fill(json!([component])).await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_value_in_a_body_that_is_all_may_be_longer() {
    let body = json!({"type": "BODY", "text": "Hello {{1}} bye."});
    for (components, longest) in [
        (json!([body, {"type": "FOOTER", "text": "Bye"}]), 1_024),
        (json!([body]), 32_768),
    ] {
        let world = World::new().await;
        world.stock(components);
        let value =
            |count: usize| json!([{"type": "body", "parameters": [{"type": "text", "text": "x".repeat(count)}]}]);
        assert_eq!(world.fill(value(longest)).await.0, StatusCode::OK, "{longest}");
        assert_eq!(code(&world.fill(value(longest + 1)).await.1), 131009, "{longest}");
    }
}
