use serde::Serialize;
use serde_json::Value;

use super::read::{ANY, At, Object, Read};

/// A place on the map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// Decimal degrees, as a number or as text; passed on as given, since either loses digits as the other.
    pub latitude: Value,
    pub longitude: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Location {
    pub(super) fn read(at: &At<'_>) -> Read<Self> {
        let mut location = at.object()?;
        let read = Self {
            latitude: degrees(&mut location, "latitude", 90)?,
            longitude: degrees(&mut location, "longitude", 180)?,
            name: location.maybe_text("name", ANY)?,
            address: location.maybe_text("address", ANY)?,
        };
        location.end().map(|()| read)
    }
}

fn degrees(location: &mut Object<'_>, name: &'static str, most: u16) -> Read<Value> {
    let at = location.must(name)?;
    let number = match at.value {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    };
    let most_degrees = f64::from(most);
    if number.is_some_and(|it: f64| (-most_degrees..=most_degrees).contains(&it)) {
        return Ok(at.value.clone());
    }
    let problem = format!("must be decimal degrees from -{most} to {most}");
    Err(at.problem(problem).limit(usize::from(most)))
}
