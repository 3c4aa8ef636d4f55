//! Payloads of interactive messages, a schema per kind.

use serde_json::{Value, json};

use super::{
    Describe, Named, flag, free, integer, list, messages, object, reference, short_list, string, text, url, word,
};

/// Characters on a button.
const LABEL: u32 = 20;

pub(super) fn schemas() -> Vec<Named> {
    let kinds = kinds();
    let any: Vec<Value> = kinds.iter().map(|(name, _)| reference(name)).collect();
    let payload = json!({ "oneOf": any, "description": "Something to tap, by its `type`." });
    let parts = parts().into_iter().chain([("InteractivePayload", payload)]);
    kinds
        .into_iter()
        .chain(parts)
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

/// What stands around the action.
struct Shape {
    header: Option<&'static str>,
    body: &'static str,
    footer: bool,
    required: &'static [&'static str],
}

/// With any header and a footer.
const FULL: Shape = Shape {
    header: Some("AnyHeader"),
    body: "TextBlock",
    footer: true,
    required: &["type", "body", "action"],
};
/// A body alone.
const PLAIN: Shape = Shape {
    header: None,
    footer: false,
    ..FULL
};

fn interactive(word: &str, shape: &Shape, action: Value, what: &str) -> Value {
    let mut whole = object(
        shape.required,
        [
            ("type", super::word(&[word])),
            ("body", reference(shape.body)),
            ("action", action),
        ],
    );
    if let Some(header) = shape.header {
        whole["properties"]["header"] = reference(header);
    }
    if shape.footer {
        whole["properties"]["footer"] = reference("Footer");
    }
    whole.says(what)
}

/// An action that is named, with parameters.
fn named(name: &str, parameters: Value) -> Value {
    object(
        &["name", "parameters"],
        [("name", word(&[name])), ("parameters", parameters)],
    )
}

/// An action that is named and has no parameters.
fn bare(name: &str) -> Value {
    object(&["name"], [("name", word(&[name]))])
}

#[rustfmt::skip]
fn kinds() -> Vec<(&'static str, Value)> {
    const OPTIONAL_BODY: &[&str] = &["type", "action"];
    let list_shape = Shape { header: Some("TextHeader"), body: "LongTextBlock", ..FULL };
    let product = Shape { header: None, required: OPTIONAL_BODY, ..FULL };
    let products = Shape { header: Some("TextHeader"), required: &["type", "header", "body", "action"], ..FULL };
    let catalog = Shape { header: None, ..FULL };
    let permission = Shape { required: OPTIONAL_BODY, ..PLAIN };
    let buttons = object(&["buttons"], [("buttons", short_list(reference("ReplyButton"), 1, 3))]);
    let sections = short_list(reference("ListSection"), 1, 10).says("At most ten rows in all.");
    let rows = object(&["button", "sections"], [("button", text(LABEL).says("Opens the list.")), ("sections", sections)]);
    let of_catalog = ["catalog_id", "product_retailer_id"];
    let items = short_list(reference("ProductSection"), 1, 10).says("At most 30 products in all.");
    let thumbnail = object(&["thumbnail_product_retailer_id"], [("thumbnail_product_retailer_id", string())]);
    let opens_catalog = object(&["name"], [("name", word(&["catalog_message"])), ("parameters", thumbnail)]);
    let calls = object(&["name"], [("name", word(&["voice_call"])), ("parameters", call_button())]);
    vec![
        ("InteractiveButtons", interactive("button", &FULL, buttons, "Up to three buttons to answer with.")),
        ("InteractiveList", interactive("list", &list_shape, rows, "A list to choose from.")),
        ("InteractiveUrl", interactive("cta_url", &FULL, named("cta_url", reference("UrlParameters")), "A button that opens an address.")),
        ("InteractiveFlow", interactive("flow", &FULL, named("flow", reference("FlowParameters")), "A form (WhatsApp Flows).")),
        ("InteractiveProduct", interactive("product", &product, object(&of_catalog, of_catalog.map(|it| (it, string()))), "One product of a catalog.")),
        ("InteractiveProductList", interactive("product_list", &products, object(&["catalog_id", "sections"], [("catalog_id", string()), ("sections", items)]), "Products of a catalog.")),
        ("InteractiveCatalog", interactive("catalog_message", &catalog, opens_catalog, "A button that opens the catalog.")),
        ("InteractiveCarousel", interactive("carousel", &PLAIN, object(&["cards"], [("cards", short_list(reference("CarouselCard"), 2, 10))]), "Cards side by side, all of one layout.")),
        ("InteractiveLocationRequest", interactive("location_request_message", &PLAIN, bare("send_location"), "Asks for a location.")),
        ("InteractiveContactRequest", interactive("request_contact_info", &PLAIN, bare("request_contact_info"), "Asks for the phone number.")),
        ("InteractiveCallPermission", interactive("call_permission_request", &permission, bare("call_permission_request"), "Asks whether the business may call.")),
        ("InteractiveVoiceCall", interactive("voice_call", &FULL, calls, "A button that calls the business.")),
        ("InteractiveAddress", interactive("address_message", &FULL, named("address_message", address()), "Asks for an address, in India and Singapore.")),
        ("InteractiveOrderDetails", interactive("order_details", &FULL, named("review_and_pay", free().says("The order and how it is paid, as Meta has it.")), "An order to be paid.")),
        ("InteractiveOrderStatus", interactive("order_status", &FULL, named("review_order", order_status()), "What has become of an order.")),
    ]
}

#[rustfmt::skip]
fn parts() -> Vec<(&'static str, Value)> {
    let block = |max| object(&["text"], [("text", text(max))]);
    let header = |kind: &str, of: Value| object(&["type", kind], [("type", word(&[kind])), (kind, of)]);
    let reply = object(&["id", "title"], [("id", text(256).says("Comes back with the answer; each once.")), ("title", text(LABEL).says("On the button; each once."))]);
    let title = || text(24).says("Required where there are several sections.");
    let action = free().says("A link (`name` and `parameters` of `cta_url`), one to three `buttons` of type `quick_reply`, or a product (`product_retailer_id`, `catalog_id`).");
    vec![
        ("TextBlock", block(1_024)),
        ("LongTextBlock", block(4_096)),
        ("Footer", block(60).says("Small print below the body.")),
        ("TextHeader", header("text", text(60))),
        ("ImageHeader", header("image", messages::file("The picture.", &[]))),
        ("VideoHeader", header("video", messages::file("The video.", &[]))),
        ("DocumentHeader", header("document", messages::file("The document.", &[("filename", messages::filename())]))),
        ("AnyHeader", json!({ "oneOf": (["TextHeader", "ImageHeader", "VideoHeader", "DocumentHeader"].map(reference)), "description": "Shown above the body." })),
        ("ReplyButton", object(&["type", "reply"], [("type", word(&["reply"])), ("reply", reply)])),
        ("ListSection", object(&["rows"], [("title", title()), ("rows", list(reference("ListRow")))])),
        ("ListRow", object(&["id", "title"], [("id", text(200).says("Comes back with the answer; each once.")), ("title", text(24)), ("description", text(72))])),
        ("UrlParameters", object(&["display_text", "url"], [("display_text", text(LABEL)), ("url", url()), ("payment_link_preview", flag())])),
        ("FlowParameters", flow()),
        ("ProductSection", object(&["product_items"], [("title", title()), ("product_items", list(object(&["product_retailer_id"], [("product_retailer_id", string())])))])),
        ("CarouselCard", object(&["card_index", "action"], [
            ("card_index", integer(0, 9)),
            ("type", word(&["cta_url", "product"])),
            ("header", json!({ "oneOf": (["ImageHeader", "VideoHeader"].map(reference)) })),
            ("body", object(&["text"], [("text", text(160).says("At most two line breaks."))])),
            ("action", action),
        ])),
    ]
}

fn flow() -> Value {
    let start = object(&[], [("screen", string()), ("data", free().says("Not empty."))]);
    object(
        &["flow_message_version", "flow_cta"],
        [
            ("flow_message_version", word(&["3"])),
            ("flow_id", string().says("This or `flow_name`.")),
            ("flow_name", string().says("This or `flow_id`.")),
            ("flow_cta", string().says("On the button.")),
            ("flow_token", string().says("Comes back with the answer.")),
            ("mode", word(&["draft", "published"])),
            ("flow_action", word(&["navigate", "data_exchange"])),
            (
                "flow_action_payload",
                start.says("Where the form begins; not with `data_exchange`."),
            ),
        ],
    )
}

fn call_button() -> Value {
    object(
        &[],
        [
            ("display_text", text(LABEL)),
            ("ttl_minutes", integer(1, 43_200)),
            ("payload", text(512)),
        ],
    )
}

fn address() -> Value {
    object(
        &["country"],
        [
            ("country", word(&["IN", "SG"])),
            ("values", free().says("What is filled in already.")),
            ("saved_addresses", list(free())),
            ("validation_errors", free().says("By the name of the field.")),
        ],
    )
}

fn order_status() -> Value {
    let statuses = [
        "pending",
        "processing",
        "partially_shipped",
        "shipped",
        "completed",
        "canceled",
    ];
    let order = object(&["status"], [("status", word(&statuses)), ("description", text(120))]);
    let payment = [
        ("status", word(&["pending", "captured", "failed"])),
        (
            "timestamp",
            json!({ "type": "integer", "description": "Unix seconds." }),
        ),
    ];
    let members = [
        ("reference_id", string()),
        ("order", order),
        ("payment", object(&["status"], payment)),
    ];
    object(&["reference_id"], members).says("`order`, `payment` or both.")
}
