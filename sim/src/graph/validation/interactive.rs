//! Interactive messages: the frame they share, and which check belongs to which type.

use super::{Draft, Field, carousel, commerce, lists, media, orders};
use crate::graph::refusal::Refusal;

/// Of bodies, but for lists.
pub(super) const LONGEST_BODY: usize = 1_024;
const LONGEST_LIST_BODY: usize = 4_096;
/// Of header texts and footers.
const LONGEST_LINE: usize = 60;

const TYPES: [&str; 16] = [
    "button",
    "list",
    "cta_url",
    "flow",
    "product",
    "product_list",
    "catalog_message",
    "location_request_message",
    "address_message",
    "carousel",
    "voice_call",
    "call_permission_request",
    "contact_request",
    "request_contact_info",
    "order_details",
    "order_status",
];

pub(super) fn check(interactive: Field<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    interactive.object()?;
    let kind = interactive.at("type").one_of(&TYPES)?;
    frame(interactive, kind, draft)?;
    let action = interactive.at("action");
    action.object()?;
    match kind {
        "button" => lists::buttons(action),
        "list" => lists::list(action),
        "cta_url" => cta_url(action),
        "flow" => flow(action),
        "product" => commerce::product(action),
        "product_list" => commerce::product_list(action),
        "catalog_message" => commerce::catalog(action),
        "location_request_message" => named(action, "send_location"),
        "address_message" => address(action),
        "carousel" => carousel::cards(action, draft),
        "voice_call" => named(action, "voice_call"),
        "call_permission_request" => named(action, "call_permission_request"),
        // Renamed on 28 May 2026; the older name is still taken.
        "contact_request" | "request_contact_info" => named(action, "request_contact_info"),
        "order_details" => orders::details(action),
        _ => orders::status(action),
    }
}

/// Header, body and footer.
fn frame(interactive: Field<'_>, kind: &str, draft: &mut Draft) -> Result<(), Refusal> {
    let (header, body, footer) = (
        interactive.at("header"),
        interactive.at("body"),
        interactive.at("footer"),
    );
    if header.is_given() {
        let allowed: &[&str] = match kind {
            "button" | "cta_url" | "flow" | "order_details" | "order_status" => &["text", "image", "video", "document"],
            "list" | "product_list" => &["text"],
            _ => return Err(header.wrong("cannot go with this type")),
        };
        match header.at("type").one_of(allowed)? {
            "text" => _ = header.at("text").text(LONGEST_LINE)?,
            "image" => media::source(header.at("image"), "image", draft)?,
            "video" => media::source(header.at("video"), "video", draft)?,
            _ => media::source(header.at("document"), "document", draft)?,
        }
    } else if kind == "product_list" {
        return Err(header.missing());
    }
    let longest = if kind == "list" {
        LONGEST_LIST_BODY
    } else {
        LONGEST_BODY
    };
    // One product shows itself; so does a request to call.
    if body.is_given() || !matches!(kind, "product" | "call_permission_request") {
        body.object()?;
        body.at("text").text(longest)?;
    }
    if footer.is_given() {
        if kind == "carousel" {
            return Err(footer.wrong("cannot go with this type"));
        }
        footer.at("text").text(LONGEST_LINE)?;
    }
    Ok(())
}

/// An action that is its name.
pub(super) fn named(action: Field<'_>, name: &str) -> Result<(), Refusal> {
    action.at("name").one_of(&[name]).map(|_| ())
}

pub(super) fn cta_url(action: Field<'_>) -> Result<(), Refusal> {
    named(action, "cta_url")?;
    let parameters = action.at("parameters");
    parameters.object()?;
    parameters.at("display_text").text(20)?;
    let url = parameters.at("url");
    match url.text(2_000)? {
        text if text.starts_with("https://") || text.starts_with("http://") => Ok(()),
        _ => Err(url.wrong("must be an http or https address")),
    }
}

/// Either by id or by name.
fn flow(action: Field<'_>) -> Result<(), Refusal> {
    named(action, "flow")?;
    let parameters = action.at("parameters");
    parameters.object()?;
    parameters.at("flow_message_version").one_of(&["3"])?;
    let (id, name) = (parameters.at("flow_id"), parameters.at("flow_name"));
    match (id.is_given(), name.is_given()) {
        (true, true) => return Err(name.wrong("and flow_id exclude each other")),
        (true, false) => id.required()?,
        (false, _) => _ = name.text(200)?,
    }
    parameters.at("flow_cta").text(usize::MAX)?;
    if parameters.at("mode").is_given() {
        parameters.at("mode").one_of(&["draft", "published"])?;
    }
    if parameters.at("flow_action").is_given()
        && parameters.at("flow_action").one_of(&["navigate", "data_exchange"])? == "navigate"
        && parameters.at("flow_action_payload").is_given()
    {
        parameters.at("flow_action_payload").at("screen").text(usize::MAX)?;
    }
    Ok(())
}

fn address(action: Field<'_>) -> Result<(), Refusal> {
    named(action, "address_message")?;
    let parameters = action.at("parameters");
    parameters.object()?;
    parameters.at("country").one_of(&["IN", "SG"])?;
    Ok(())
}
