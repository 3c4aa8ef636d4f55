//! Extends "must be an object" by the members that the object needs.

use serde_json::{Map, Value};

use super::{Invalid, Outbound};

pub(super) const NOT_AN_OBJECT: &str = "must be an object";

/// Adds to an error about a missing object the first member that it would need: `must be an object; text.body: is missing`.
pub(super) fn with_members(kind: &str, payload: &Value, refused: Invalid) -> Invalid {
    if refused.problem != NOT_AN_OBJECT {
        return refused;
    }
    let mut filled = payload.clone();
    match at_path(&mut filled, refused.field.strip_prefix(kind).unwrap_or_default()) {
        Some(place) if !place.is_object() => *place = Value::Object(Map::new()),
        _ => return refused,
    }
    match Outbound::read(kind, &filled) {
        Err(needs) if needs.field == refused.field => Invalid {
            problem: format!("{NOT_AN_OBJECT}; it {}", needs.problem),
            ..refused
        },
        Err(needs) if needs.field.starts_with(&refused.field) => Invalid {
            problem: format!("{NOT_AN_OBJECT}; {needs}"),
            ..refused
        },
        _ => refused,
    }
}

/// Returns the value at a path such as `.action.buttons[1].reply`.
fn at_path<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    let mut place = value;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        place = match step.strip_suffix(']') {
            Some(index) => place.get_mut(index.parse::<usize>().ok()?)?,
            None => place.get_mut(step)?,
        };
    }
    Some(place)
}
