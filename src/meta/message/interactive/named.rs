//! Actions that have a name, and parameters under it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Action;
use crate::meta::message::{
    payment,
    read::{ANY, At, Object, Read},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named {
    pub name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Parameters>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Parameters {
    Url(UrlButton),
    Flow(Flow),
    Address(Address),
    Catalog {
        thumbnail_product_retailer_id: String,
    },
    Call(CallButton),
    /// A bill, or what became of one, as it was given.
    Order(Value),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UrlButton {
    /// At most 20 characters.
    pub display_text: String,
    pub url: String,
    /// For links to pay by (India, Brazil).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_link_preview: Option<bool>,
}

/// "Send a Flow" in Meta's documentation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flow {
    flow_message_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_name: Option<String>,
    /// The label of the button; Meta advises at most 30 characters.
    pub flow_cta: String,
    /// Comes back with the answer; "unused" where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action_payload: Option<FlowStart>,
}

/// Where a flow begins, and with which data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowStart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// A form for an address; only in some countries.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Address {
    /// Two letters, e.g. `IN`.
    pub country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_addresses: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_errors: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallButton {
    /// At most 20 characters; "Call Now" where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_text: Option<String>,
    /// Minutes the button works, up to 30 days; 7 days where missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_minutes: Option<i64>,
    /// Comes back with the call; at most 512 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

const LABEL: usize = 20;

pub(super) fn url(at: &At<'_>) -> Read<Action> {
    with(at, "cta_url", |parameters| url_button(parameters).map(Parameters::Url))
}

/// The button of a message, and that of a card.
pub(super) fn url_button(parameters: &mut Object<'_>) -> Read<UrlButton> {
    Ok(UrlButton {
        display_text: parameters.text("display_text", LABEL)?,
        url: parameters.must("url")?.url(ANY)?,
        payment_link_preview: parameters.maybe_flag("payment_link_preview")?,
    })
}

pub(super) fn flow(at: &At<'_>) -> Read<Action> {
    with(at, "flow", |parameters| {
        let version = parameters.must("flow_message_version")?.one_of(&["3"])?;
        let (flow_id, flow_name) = (
            parameters.maybe_text("flow_id", ANY)?,
            parameters.maybe_text("flow_name", ANY)?,
        );
        if flow_id.is_some() == flow_name.is_some() {
            return Err(parameters.problem("must have exactly one of flow_id and flow_name"));
        }
        let one_of = |at: Option<At<'_>>, words: &[&'static str]| at.map(|at| at.one_of(words)).transpose();
        let flow_action = one_of(parameters.maybe("flow_action"), &["navigate", "data_exchange"])?;
        let start = parameters.maybe("flow_action_payload");
        if let Some(start) = start.as_ref().filter(|_| flow_action == Some("data_exchange")) {
            return Err(
                start.problem("must be left out when flow_action is data_exchange: the endpoint says where to begin")
            );
        }
        Ok(Parameters::Flow(Flow {
            flow_message_version: version,
            flow_id,
            flow_name,
            flow_cta: parameters.text("flow_cta", ANY)?,
            flow_token: parameters.maybe_text("flow_token", ANY)?,
            mode: one_of(parameters.maybe("mode"), &["draft", "published"])?,
            flow_action,
            flow_action_payload: start.map(|at| flow_start(&at)).transpose()?,
        }))
    })
}

fn flow_start(at: &At<'_>) -> Read<FlowStart> {
    let mut start = at.object()?;
    let screen = start.maybe_text("screen", ANY)?;
    let data = start.maybe("data").map(|at| {
        let data = map(&at)?;
        if data.is_empty() {
            Err(at.problem("must not be empty; leave it out"))
        } else {
            Ok(data)
        }
    });
    let data = data.transpose()?;
    start.end().map(|()| FlowStart { screen, data })
}

pub(super) fn location(at: &At<'_>) -> Read<Action> {
    bare(at, "send_location")
}

pub(super) fn contact(at: &At<'_>) -> Read<Action> {
    bare(at, "request_contact_info")
}

pub(super) fn call_permission(at: &At<'_>) -> Read<Action> {
    bare(at, "call_permission_request")
}

/// Where people can be asked for an address: India, and Singapore.
const COUNTRIES: [&str; 2] = ["IN", "SG"];

pub(super) fn address(at: &At<'_>) -> Read<Action> {
    with(at, "address_message", |parameters| {
        let country_at = parameters.must("country")?;
        let country = country_at.one_of(&COUNTRIES)?.to_owned();
        let values = parameters.maybe("values").map(|at| map(&at)).transpose()?;
        let saved = parameters
            .maybe("saved_addresses")
            .map(|at| at.list(0..=ANY))
            .transpose()?;
        Ok(Parameters::Address(Address {
            country,
            values,
            saved_addresses: saved.map(|saved| saved.into_iter().map(|at| at.value.clone()).collect()),
            validation_errors: parameters.maybe("validation_errors").map(|at| map(&at)).transpose()?,
        }))
    })
}

pub(super) fn voice_call(at: &At<'_>) -> Read<Action> {
    may_have(at, "voice_call", |parameters| {
        Ok(Parameters::Call(CallButton {
            display_text: parameters.maybe_text("display_text", LABEL)?,
            ttl_minutes: parameters
                .maybe("ttl_minutes")
                .map(|at| at.whole(1..=43_200))
                .transpose()?,
            payload: parameters.maybe_text("payload", 512)?,
        }))
    })
}

pub(super) fn catalog(at: &At<'_>) -> Read<Action> {
    may_have(at, "catalog_message", |parameters| {
        let thumbnail = parameters.text("thumbnail_product_retailer_id", ANY)?;
        Ok(Parameters::Catalog {
            thumbnail_product_retailer_id: thumbnail,
        })
    })
}

/// A bill.
pub(super) fn order_details(at: &At<'_>) -> Read<Action> {
    checked(at, "review_and_pay", payment::details)
}

/// What became of a bill.
pub(super) fn order_status(at: &At<'_>) -> Read<Action> {
    checked(at, "review_order", payment::status)
}

/// An action whose parameters are checked and passed on as they were given, but for members that are null.
fn checked(at: &At<'_>, name: &'static str, check: fn(&At<'_>) -> Read<()>) -> Read<Action> {
    let mut action = at.object()?;
    let name = action.must("name")?.one_of(&[name])?;
    let parameters = action.must("parameters")?;
    check(&parameters)?;
    let parameters = Some(Parameters::Order(without_nulls(parameters.value)));
    action.end().map(|()| Action::Named(Named { name, parameters }))
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let given = members.iter().filter(|(_, value)| !value.is_null());
            given
                .map(|(name, value)| (name.clone(), without_nulls(value)))
                .collect()
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// An action that is a name and nothing else.
fn bare(at: &At<'_>, name: &'static str) -> Read<Action> {
    let mut action = at.object()?;
    let name = action.must("name")?.one_of(&[name])?;
    action.end().map(|()| Action::Named(Named { name, parameters: None }))
}

/// An action that needs its parameters.
fn with(at: &At<'_>, name: &'static str, read: impl FnOnce(&mut Object<'_>) -> Read<Parameters>) -> Read<Action> {
    at.object()?.must("parameters")?;
    may_have(at, name, read)
}

fn may_have(at: &At<'_>, name: &'static str, read: impl FnOnce(&mut Object<'_>) -> Read<Parameters>) -> Read<Action> {
    let mut action = at.object()?;
    let name = action.must("name")?.one_of(&[name])?;
    let parameters = match action.maybe("parameters") {
        Some(at) => {
            let mut parameters = at.object()?;
            let read = read(&mut parameters)?;
            parameters.end()?;
            Some(read)
        }
        None => None,
    };
    action.end().map(|()| Action::Named(Named { name, parameters }))
}

fn map(at: &At<'_>) -> Read<Map<String, Value>> {
    at.value
        .as_object()
        .cloned()
        .ok_or_else(|| at.problem("must be an object"))
}
