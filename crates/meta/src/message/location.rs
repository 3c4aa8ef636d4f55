use serde::Serialize;
use serde_json::Value;

use super::read::{Field, FieldResult, Object, UNLIMITED};

/// A location on the map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// Decimal degrees, as number or text; passed on as given, since conversion would lose digits.
    pub latitude: Value,
    pub longitude: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Location {
    pub(super) fn read(at: &Field<'_>) -> FieldResult<Self> {
        let mut location = at.object()?;
        let read = Self {
            latitude: degrees(&mut location, "latitude", 90)?,
            longitude: degrees(&mut location, "longitude", 180)?,
            name: location.optional_text("name", UNLIMITED)?,
            address: location.optional_text("address", UNLIMITED)?,
        };
        location.deny_unknown().map(|()| read)
    }
}

fn degrees(location: &mut Object<'_>, name: &'static str, max: u16) -> FieldResult<Value> {
    let at = location.required(name)?;
    let number = match at.value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    };
    let most_degrees = f64::from(max);
    if number.is_some_and(|it: f64| (-most_degrees..=most_degrees).contains(&it)) {
        return Ok(at.value.clone());
    }
    let problem = format!("must be decimal degrees from -{max} to {max}");
    Err(at.problem(problem).limit(usize::from(max)))
}
