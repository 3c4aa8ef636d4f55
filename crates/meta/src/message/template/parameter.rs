//! Parameters of template components.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::message::{
    MediaKind, MediaRef,
    media::filename,
    payment,
    read::{Field, FieldResult, Object, UNLIMITED},
};

/// Value of one placeholder.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    Media {
        kind: MediaKind,
        file: MediaRef,
        /// Members beside the file, such as a document's `filename`.
        siblings: Map<String, Value>,
        /// Members beside `type`.
        rest: Map<String, Value>,
    },
    /// Text, an amount, a date, a payload, a code, …, as given.
    Other(Value),
}

const HEADER_TEXT: usize = 60;
/// Maximum length of a text in a body that is the only component; beside others the limit is lower, which the template's schema checks.
const BODY_TEXT: usize = 32_768;
const COUPON_CODE: usize = 20;
const FIVE_SPACES: &str = "     ";

/// Reads the parameters of a component; `component` is its type in lower case.
pub(super) fn list(at: &Field<'_>, component: &str, max: usize) -> FieldResult<Vec<Parameter>> {
    let items = at.list(0..=max)?;
    let named: Vec<bool> = items
        .iter()
        .filter(|at| {
            at.value["type"]
                .as_str()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("text"))
        })
        .map(|at| !at.value["parameter_name"].is_null())
        .collect();
    if named.iter().any(|it| *it) && !named.iter().all(|it| *it) {
        return Err(at.problem("must give parameter_name to every text, or to none"));
    }
    let mut names: Vec<&str> = Vec::new();
    for item in &items {
        if let Some(name) = item.value["parameter_name"].as_str() {
            if names.contains(&name) {
                return Err(item.problem(format!("gives the variable {name:?} a second time")));
            }
            names.push(name);
        }
    }
    items.iter().map(|at| parameter(at, component)).collect()
}

fn parameter(at: &Field<'_>, component: &str) -> FieldResult<Parameter> {
    let mut parameter = at.object()?;
    let given = parameter.text("type", UNLIMITED)?;
    let kind = given.to_ascii_lowercase();
    if let Some(kind) = MediaKind::parse(&kind) {
        let mut media = parameter.required(kind.as_str())?.object()?;
        let file = MediaRef::read(&mut media)?;
        if kind == MediaKind::Document {
            filename(&mut parameter.required(kind.as_str())?.object()?)?;
        }
        return Ok(Parameter::Media {
            kind,
            file,
            siblings: media.unread_members(),
            rest: parameter.unread_members(),
        });
    }
    match kind.as_str() {
        "text" => text(&mut parameter, component)?,
        "coupon_code" => drop(parameter.text("coupon_code", COUPON_CODE)?),
        "currency" => fallback(&parameter.required("currency")?)?,
        "date_time" => fallback(&parameter.required("date_time")?)?,
        "limited_time_offer" => {
            let mut offer = parameter.required("limited_time_offer")?.object()?;
            offer.required("expiration_time_ms")?.integer(0..=i64::MAX)?;
        }
        "action" => {
            let action = parameter.optional("action").filter(|at| at.value.is_object());
            let order_details = action
                .map(|at| Ok(at.object()?.optional("order_details")))
                .transpose()?;
            order_details.flatten().map(|at| payment::details(&at)).transpose()?;
        }
        "order_status" => payment::status(&parameter.required("order_status")?)?,
        _ => {}
    }
    let mut value = at.value.clone();
    if kind != given {
        value["type"] = kind.into();
    }
    Ok(Parameter::Other(value))
}

/// Reads a text. Meta rejects values with line breaks (132018) and headers above their maximum length.
fn text(parameter: &mut Object<'_>, component: &str) -> FieldResult<()> {
    let at = parameter.required("text")?;
    let text = at.text(match component {
        "header" => HEADER_TEXT,
        "body" => BODY_TEXT,
        _ => UNLIMITED,
    })?;
    if matches!(component, "header" | "body") && (text.contains(['\n', '\r', '\t']) || text.contains(FIVE_SPACES)) {
        return Err(at.problem("must have no line breaks, no tabs and no more than four spaces in a row"));
    }
    parameter.optional_text("parameter_name", UNLIMITED).map(drop)
}

/// Reads a value with a `fallback_value`, shown where it cannot be localised.
fn fallback(at: &Field<'_>) -> FieldResult<()> {
    at.object()?.text("fallback_value", UNLIMITED).map(drop)
}

impl Parameter {
    /// Returns the order behind a button.
    pub(super) fn order_details(&self) -> Option<&Value> {
        match self {
            Self::Other(value) => value["action"].get("order_details"),
            Self::Media { .. } => None,
        }
    }

    pub(super) fn file(&mut self) -> Option<(MediaKind, &mut MediaRef)> {
        match self {
            Self::Media { kind, file, .. } => Some((*kind, file)),
            Self::Other(_) => None,
        }
    }
}

impl Serialize for Parameter {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct File<'a> {
            #[serde(flatten)]
            file: &'a MediaRef,
            #[serde(flatten)]
            siblings: &'a Map<String, Value>,
        }
        match self {
            Self::Other(value) => value.serialize(to),
            Self::Media {
                kind,
                file,
                siblings,
                rest,
            } => {
                let mut parameter = to.serialize_map(None)?;
                parameter.serialize_entry("type", kind.as_str())?;
                parameter.serialize_entry(kind.as_str(), &File { file, siblings })?;
                for (name, value) in rest {
                    parameter.serialize_entry(name, value)?;
                }
                parameter.end()
            }
        }
    }
}
