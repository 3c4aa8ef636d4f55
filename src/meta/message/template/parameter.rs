use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::meta::message::{
    MediaKind, MediaRef,
    media::filename,
    payment,
    read::{ANY, At, Object, Read},
};

/// What goes into one open place.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    Media {
        kind: MediaKind,
        file: MediaRef,
        /// What else stands beside the file, such as a document's `filename`.
        beside: Map<String, Value>,
        /// What else stands beside `type`.
        rest: Map<String, Value>,
    },
    /// Text, an amount, a date, a payload, a code, …, as given.
    Other(Value),
}

const HEADER_TEXT: usize = 60;
/// Of a body that is all of its template; beside other components it is less, which the template's schema knows.
const BODY_TEXT: usize = 32_768;
const COUPON_CODE: usize = 20;
const MOST_SPACES: &str = "     ";

/// `component` is the type of the component, in lower case.
pub(super) fn list(at: &At<'_>, component: &str, most: usize) -> Read<Vec<Parameter>> {
    let places = at.list(0..=most)?;
    let named: Vec<bool> = places
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
    for place in &places {
        if let Some(name) = place.value["parameter_name"].as_str() {
            if names.contains(&name) {
                return Err(place.problem(format!("gives the variable {name:?} a second time")));
            }
            names.push(name);
        }
    }
    places.iter().map(|at| parameter(at, component)).collect()
}

fn parameter(at: &At<'_>, component: &str) -> Read<Parameter> {
    let mut parameter = at.object()?;
    let given = parameter.text("type", ANY)?;
    let kind = given.to_ascii_lowercase();
    if let Some(kind) = MediaKind::parse(&kind) {
        let mut media = parameter.must(kind.as_str())?.object()?;
        let file = MediaRef::read(&mut media)?;
        if kind == MediaKind::Document {
            filename(&mut parameter.must(kind.as_str())?.object()?)?;
        }
        return Ok(Parameter::Media {
            kind,
            file,
            beside: media.rest(),
            rest: parameter.rest(),
        });
    }
    match kind.as_str() {
        "text" => text(&mut parameter, component)?,
        "coupon_code" => drop(parameter.text("coupon_code", COUPON_CODE)?),
        "currency" => fallback(&parameter.must("currency")?)?,
        "date_time" => fallback(&parameter.must("date_time")?)?,
        "limited_time_offer" => {
            let mut offer = parameter.must("limited_time_offer")?.object()?;
            offer.must("expiration_time_ms")?.whole(0..=i64::MAX)?;
        }
        "action" => {
            let action = parameter.maybe("action").filter(|at| at.value.is_object());
            let bill = action.map(|at| Ok(at.object()?.maybe("order_details"))).transpose()?;
            bill.flatten().map(|at| payment::details(&at)).transpose()?;
        }
        "order_status" => payment::status(&parameter.must("order_status")?)?,
        _ => {}
    }
    let mut value = at.value.clone();
    if kind != given {
        value["type"] = kind.into();
    }
    Ok(Parameter::Other(value))
}

/// Meta refuses values with breaks in them (132018), and headers longer than a header can be.
fn text(parameter: &mut Object<'_>, component: &str) -> Read<()> {
    let at = parameter.must("text")?;
    let text = at.text(match component {
        "header" => HEADER_TEXT,
        "body" => BODY_TEXT,
        _ => ANY,
    })?;
    if matches!(component, "header" | "body") && (text.contains(['\n', '\r', '\t']) || text.contains(MOST_SPACES)) {
        return Err(at.problem("must have no line breaks, no tabs and no more than four spaces in a row"));
    }
    parameter.maybe_text("parameter_name", ANY).map(drop)
}

/// What is shown where the value cannot be written in the customer's way.
fn fallback(at: &At<'_>) -> Read<()> {
    at.object()?.text("fallback_value", ANY).map(drop)
}

impl Parameter {
    /// The bill behind a button.
    pub(super) fn bill(&self) -> Option<&Value> {
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
            beside: &'a Map<String, Value>,
        }
        match self {
            Self::Other(value) => value.serialize(to),
            Self::Media {
                kind,
                file,
                beside,
                rest,
            } => {
                let mut parameter = to.serialize_map(None)?;
                parameter.serialize_entry("type", kind.as_str())?;
                parameter.serialize_entry(kind.as_str(), &File { file, beside })?;
                for (name, value) in rest {
                    parameter.serialize_entry(name, value)?;
                }
                parameter.end()
            }
        }
    }
}
