//! Variables `{{name}}` in the texts of a message.

use serde_json::{Map, Value};

use crate::{
    meta::message::Invalid,
    templates::schema::slots::{Piece, pieces},
};

const NAME: usize = 64;

/// Returns the variables of all texts below a value, without duplicates, in order of appearance.
pub fn variables(value: &Value) -> Result<Vec<String>, Invalid> {
    let mut names = Vec::new();
    visit_texts(value, "content", &mut |path, text| {
        for piece in pieces(text) {
            match piece {
                Piece::Variable(name) if is_name(name) => {
                    if !names.iter().any(|known| known == name) {
                        names.push(name.to_owned());
                    }
                }
                Piece::Variable(name) => {
                    let problem =
                        format!("{{{{{name}}}}} must be a letter a to z and then letters, digits and underscores");
                    return Err(Invalid::new(path, problem));
                }
                Piece::Text(words) if words.contains("{{") => {
                    return Err(Invalid::new(path, "has {{ without a name and }} behind it"));
                }
                Piece::Text(_) => {}
            }
        }
        Ok(())
    })?;
    Ok(names)
}

fn is_name(name: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= NAME && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(rest)
}

type Visit<'v> = dyn FnMut(&str, &str) -> Result<(), Invalid> + 'v;

fn visit_texts(value: &Value, path: &str, visit: &mut Visit<'_>) -> Result<(), Invalid> {
    match value {
        Value::String(text) => visit(path, text),
        Value::Array(list) => {
            let mut places = list.iter().enumerate();
            places.try_for_each(|(index, value)| visit_texts(value, &format!("{path}[{index}]"), visit))
        }
        Value::Object(members) => {
            let mut members = members.iter();
            members.try_for_each(|(name, value)| visit_texts(value, &format!("{path}.{name}"), visit))
        }
        _ => Ok(()),
    }
}

/// Checks that there is exactly one value per variable, and converts the values to text.
pub(crate) fn match_values(names: &[String], values: &Map<String, Value>) -> Result<Map<String, Value>, Invalid> {
    let at = |name: &str| format!("message_template.variables.{name}");
    if let Some(unknown) = values.keys().find(|name| !names.contains(name)) {
        let known = match names {
            [] => "has none".to_owned(),
            names => format!("has {}", names.join(", ")),
        };
        return Err(Invalid::new(
            at(unknown),
            format!("is no variable of the template, which {known}"),
        ));
    }
    let text = |name: &String| match values.get(name) {
        Some(Value::String(text)) => Ok((name.clone(), Value::from(text.as_str()))),
        Some(Value::Number(number)) => Ok((name.clone(), Value::from(number.to_string()))),
        Some(_) => Err(Invalid::new(at(name), "must be text or a number")),
        None => Err(Invalid::new(at(name), "is missing")),
    };
    names.iter().map(text).collect()
}

/// Replaces each variable by `value(key, name)`, where `key` is the member that holds the text.
pub(crate) fn substitute(template: &Value, value: &dyn Fn(&str, &str) -> String) -> Value {
    substitute_below(template, "", value)
}

fn substitute_below(template: &Value, key: &str, value: &dyn Fn(&str, &str) -> String) -> Value {
    match template {
        Value::String(text) => {
            let piece = |piece| match piece {
                Piece::Text(words) => words.to_owned(),
                Piece::Variable(name) => value(key, name),
            };
            Value::String(pieces(text).into_iter().map(piece).collect())
        }
        Value::Array(list) => list.iter().map(|it| substitute_below(it, key, value)).collect(),
        Value::Object(members) => {
            let member = |(name, it): (&String, &Value)| (name.clone(), substitute_below(it, name, value));
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}
