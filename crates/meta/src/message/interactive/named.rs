//! Actions with a `name` and `parameters`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Action;
use crate::message::{
    payment,
    read::{Field, FieldResult, Object, UNLIMITED},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NamedAction {
    pub name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<ActionParameters>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ActionParameters {
    Url(UrlButton),
    Flow(Flow),
    Address(AddressForm),
    Catalog {
        thumbnail_product_retailer_id: String,
    },
    Call(CallButton),
    /// An order or its status, as given.
    Order(Value),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UrlButton {
    /// At most 20 characters.
    pub display_text: String,
    pub url: String,
    /// For payment links (India, Brazil).
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
    /// Label of the button; Meta advises at most 30 characters.
    pub flow_cta: String,
    /// Returned with the answer; Meta's default is "unused".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_action_payload: Option<FlowStart>,
}

/// First screen of a flow and its data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowStart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map<String, Value>>,
}

/// Form for an address; in some countries only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AddressForm {
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
    /// At most 20 characters; Meta's default is "Call Now".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_text: Option<String>,
    /// Minutes for which the button works, up to 30 days; Meta's default is 7 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_minutes: Option<i64>,
    /// Returned with the call; at most 512 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

const LABEL: usize = 20;

pub(super) fn url(at: &Field<'_>) -> FieldResult<Action> {
    with_parameters(at, "cta_url", |parameters| {
        url_button(parameters).map(ActionParameters::Url)
    })
}

/// Reads the button of a message or of a card.
pub(super) fn url_button(parameters: &mut Object<'_>) -> FieldResult<UrlButton> {
    Ok(UrlButton {
        display_text: parameters.text("display_text", LABEL)?,
        url: parameters.required("url")?.url(UNLIMITED)?,
        payment_link_preview: parameters.optional_flag("payment_link_preview")?,
    })
}

pub(super) fn flow(at: &Field<'_>) -> FieldResult<Action> {
    with_parameters(at, "flow", |parameters| {
        let version = parameters.required("flow_message_version")?.one_of(&["3"])?;
        let (flow_id, flow_name) = (
            parameters.optional_text("flow_id", UNLIMITED)?,
            parameters.optional_text("flow_name", UNLIMITED)?,
        );
        if flow_id.is_some() == flow_name.is_some() {
            return Err(parameters.problem("must have exactly one of flow_id and flow_name"));
        }
        let one_of = |at: Option<Field<'_>>, allowed: &[&'static str]| at.map(|at| at.one_of(allowed)).transpose();
        let flow_action = one_of(parameters.optional("flow_action"), &["navigate", "data_exchange"])?;
        let start = parameters.optional("flow_action_payload");
        if let Some(start) = start.as_ref().filter(|_| flow_action == Some("data_exchange")) {
            return Err(
                start.problem("must be left out when flow_action is data_exchange: the endpoint says where to begin")
            );
        }
        Ok(ActionParameters::Flow(Flow {
            flow_message_version: version,
            flow_id,
            flow_name,
            flow_cta: parameters.text("flow_cta", UNLIMITED)?,
            flow_token: parameters.optional_text("flow_token", UNLIMITED)?,
            mode: one_of(parameters.optional("mode"), &["draft", "published"])?,
            flow_action,
            flow_action_payload: start.map(|at| flow_start(&at)).transpose()?,
        }))
    })
}

fn flow_start(at: &Field<'_>) -> FieldResult<FlowStart> {
    let mut start = at.object()?;
    let screen = start.optional_text("screen", UNLIMITED)?;
    let data = start.optional("data").map(|at| {
        let data = map(&at)?;
        if data.is_empty() {
            Err(at.problem("must not be empty; leave it out"))
        } else {
            Ok(data)
        }
    });
    let data = data.transpose()?;
    start.deny_unknown().map(|()| FlowStart { screen, data })
}

pub(super) fn location(at: &Field<'_>) -> FieldResult<Action> {
    without_parameters(at, "send_location")
}

pub(super) fn contact(at: &Field<'_>) -> FieldResult<Action> {
    without_parameters(at, "request_contact_info")
}

pub(super) fn call_permission(at: &Field<'_>) -> FieldResult<Action> {
    without_parameters(at, "call_permission_request")
}

/// Countries with address messages: India and Singapore.
const COUNTRIES: [&str; 2] = ["IN", "SG"];

pub(super) fn address(at: &Field<'_>) -> FieldResult<Action> {
    with_parameters(at, "address_message", |parameters| {
        let country_at = parameters.required("country")?;
        let country = country_at.one_of(&COUNTRIES)?.to_owned();
        let values = parameters.optional("values").map(|at| map(&at)).transpose()?;
        let saved = parameters
            .optional("saved_addresses")
            .map(|at| at.list(0..=UNLIMITED))
            .transpose()?;
        Ok(ActionParameters::Address(AddressForm {
            country,
            values,
            saved_addresses: saved.map(|saved| saved.into_iter().map(|at| at.value.clone()).collect()),
            validation_errors: parameters
                .optional("validation_errors")
                .map(|at| map(&at))
                .transpose()?,
        }))
    })
}

pub(super) fn voice_call(at: &Field<'_>) -> FieldResult<Action> {
    with_optional_parameters(at, "voice_call", |parameters| {
        Ok(ActionParameters::Call(CallButton {
            display_text: parameters.optional_text("display_text", LABEL)?,
            ttl_minutes: parameters
                .optional("ttl_minutes")
                .map(|at| at.integer(1..=43_200))
                .transpose()?,
            payload: parameters.optional_text("payload", 512)?,
        }))
    })
}

pub(super) fn catalog(at: &Field<'_>) -> FieldResult<Action> {
    with_optional_parameters(at, "catalog_message", |parameters| {
        let thumbnail = parameters.text("thumbnail_product_retailer_id", UNLIMITED)?;
        Ok(ActionParameters::Catalog {
            thumbnail_product_retailer_id: thumbnail,
        })
    })
}

/// Reads an order to pay.
pub(super) fn order_details(at: &Field<'_>) -> FieldResult<Action> {
    checked(at, "review_and_pay", payment::details)
}

/// Reads an update of an order's status.
pub(super) fn order_status(at: &Field<'_>) -> FieldResult<Action> {
    checked(at, "review_order", payment::status)
}

/// Reads an action whose parameters are validated and passed on as given, without null members.
fn checked(at: &Field<'_>, name: &'static str, check: fn(&Field<'_>) -> FieldResult<()>) -> FieldResult<Action> {
    let mut action = at.object()?;
    let name = action.required("name")?.one_of(&[name])?;
    let parameters = action.required("parameters")?;
    check(&parameters)?;
    let parameters = Some(ActionParameters::Order(without_nulls(parameters.value)));
    action
        .deny_unknown()
        .map(|()| Action::Named(NamedAction { name, parameters }))
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

/// Reads an action without parameters.
fn without_parameters(at: &Field<'_>, name: &'static str) -> FieldResult<Action> {
    let mut action = at.object()?;
    let name = action.required("name")?.one_of(&[name])?;
    action
        .deny_unknown()
        .map(|()| Action::Named(NamedAction { name, parameters: None }))
}

/// Reads an action with required parameters.
fn with_parameters(
    at: &Field<'_>,
    name: &'static str,
    read: impl FnOnce(&mut Object<'_>) -> FieldResult<ActionParameters>,
) -> FieldResult<Action> {
    at.object()?.required("parameters")?;
    with_optional_parameters(at, name, read)
}

fn with_optional_parameters(
    at: &Field<'_>,
    name: &'static str,
    read: impl FnOnce(&mut Object<'_>) -> FieldResult<ActionParameters>,
) -> FieldResult<Action> {
    let mut action = at.object()?;
    let name = action.required("name")?.one_of(&[name])?;
    let parameters = match action.optional("parameters") {
        Some(at) => {
            let mut parameters = at.object()?;
            let read = read(&mut parameters)?;
            parameters.deny_unknown()?;
            Some(read)
        }
        None => None,
    };
    action
        .deny_unknown()
        .map(|()| Action::Named(NamedAction { name, parameters }))
}

fn map(at: &Field<'_>) -> FieldResult<Map<String, Value>> {
    at.value
        .as_object()
        .cloned()
        .ok_or_else(|| at.problem("must be an object"))
}
