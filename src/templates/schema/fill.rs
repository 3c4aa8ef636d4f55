//! Builds the components of a template message from variables by key.

use serde_json::{Map, Value, json};

use super::{ButtonKind, Offer, PRODUCT_CARDS, ParameterFormat, Schema, Slots, TemplateHeader};
use crate::meta::message::Invalid;

/// Values by the keys of [`Schema::placeholders`].
pub type Variables = Map<String, Value>;

impl Schema {
    /// Builds the components in Meta's form. A body variable may be given by its bare name.
    ///
    /// # Errors
    /// A key is unknown, a required placeholder has no value, or a value has the wrong type.
    pub fn components(&self, variables: &Variables) -> Result<Vec<Value>, Invalid> {
        if self.shows_products() {
            return self.with_card_count(variables).fill_placeholders(variables);
        }
        self.fill_placeholders(variables)
    }

    /// Returns a product carousel with as many cards as the variables name.
    fn with_card_count(&self, variables: &Variables) -> Self {
        let index = |key: &String| key.strip_prefix("cards.")?.split('.').next()?.parse::<usize>().ok();
        let named = variables
            .keys()
            .filter_map(index)
            .max()
            .map(|last| last.saturating_add(1));
        let (min, max) = PRODUCT_CARDS.into_inner();
        let count = named.unwrap_or(self.cards.len()).clamp(min, max);
        Self {
            cards: (0..count).filter_map(|index| self.card(index).cloned()).collect(),
            ..self.clone()
        }
    }

    fn fill_placeholders(&self, variables: &Variables) -> Result<Vec<Value>, Invalid> {
        let placeholders = self.placeholders();
        let mut values = Variables::new();
        for (given, value) in variables {
            let in_body = format!("body.{given}");
            let found = placeholders.iter().find(|it| it.key == *given || it.key == in_body);
            let place = found.ok_or_else(|| {
                let keys: Vec<&str> = placeholders.iter().map(|it| it.key.as_str()).collect();
                let known = if keys.is_empty() {
                    "has none".to_owned()
                } else {
                    format!("has {}", keys.join(", "))
                };
                Invalid::new(
                    format!("variables.{given}"),
                    format!("is no variable of the template, which {known}"),
                )
            })?;
            if values.insert(place.key.clone(), value.clone()).is_some() {
                return Err(Invalid::new(format!("variables.{given}"), "is given twice"));
            }
        }
        if let Some(missing) = placeholders
            .iter()
            .find(|it| it.required && !values.contains_key(&it.key))
        {
            return Err(Invalid::new(format!("variables.{}", missing.key), "is missing"));
        }
        self.build_components("", &values)
    }

    fn build_components(&self, prefix: &str, values: &Variables) -> Result<Vec<Value>, Invalid> {
        let mut components = Vec::new();
        let key = |name: &str| format!("{prefix}{name}");
        match &self.header {
            TemplateHeader::Text(slots) => components.extend(texts("header", slots, &key("header"), values)?),
            TemplateHeader::File(kind) => {
                let file = file(&values[&key("header")], &key("header"))?;
                components.push(header(kind.as_str(), file));
            }
            TemplateHeader::Location => components.push(header("location", values[&key("header")].clone())),
            TemplateHeader::Product => components.push(header("product", values[&key("header")].clone())),
            TemplateHeader::None | TemplateHeader::Unknown => {}
        }
        components.extend(texts("body", &self.body, &key("body"), values)?);
        if self.offer == Offer::Expires {
            let ends = json!({ "expiration_time_ms": values[&key("limited_time_offer")] });
            let parameter = json!({ "type": "limited_time_offer", "limited_time_offer": ends });
            components.push(json!({ "type": "limited_time_offer", "parameters": [parameter] }));
        }
        for (index, button) in self.buttons.iter().enumerate() {
            let mut value = values.get(&key(&format!("buttons.{index}")));
            if button.kind == ButtonKind::OneTimeCode {
                let first = self.body.variables.first();
                value = value.or_else(|| values.get(&key(&format!("body.{}", first?.name))));
            }
            let sub_type = button.kind.sub_type();
            let mut component = json!({ "type": "button", "sub_type": sub_type, "index": index.to_string() });
            if let (Some(value), Some(member)) = (value, button.kind.parameter()) {
                component["parameters"] = json!([{ "type": member, member: value }]);
                components.push(component);
            } else if button.kind.needs_component() {
                components.push(component);
            }
        }
        let card = |(index, card): (usize, &Schema)| {
            let components = card.build_components(&key(&format!("cards.{index}.")), values)?;
            Ok(json!({ "card_index": index, "components": components }))
        };
        let cards: Vec<Value> = self
            .cards
            .iter()
            .enumerate()
            .map(card)
            .collect::<Result<_, Invalid>>()?;
        if !cards.is_empty() {
            components.push(json!({ "type": "carousel", "cards": cards }));
        }
        Ok(components)
    }
}

fn header(kind: &str, value: Value) -> Value {
    json!({ "type": "header", "parameters": [{ "type": kind, kind: value }] })
}

fn texts(part: &str, slots: &Slots, key: &str, values: &Variables) -> Result<Option<Value>, Invalid> {
    let mut parameters = Vec::new();
    for variable in &slots.variables {
        let key = format!("{key}.{}", variable.name);
        let mut parameter = match &values[&key] {
            Value::String(text) => json!({ "type": "text", "text": text }),
            Value::Number(number) => json!({ "type": "text", "text": number.to_string() }),
            Value::Object(members) if members.len() == 1 => {
                let (kind, value) = members.iter().next().expect("it has one member");
                json!({ "type": kind, kind: value })
            }
            _ => {
                let problem = "must be text, a number, or an object with either currency or date_time";
                return Err(Invalid::new(format!("variables.{key}"), problem));
            }
        };
        if slots.naming == ParameterFormat::Named {
            parameter["parameter_name"] = json!(variable.name);
        }
        parameters.push(parameter);
    }
    Ok((!parameters.is_empty()).then(|| json!({ "type": part, "parameters": parameters })))
}

/// Reads a file given as an object (as in a message), a link, a stored file's id or Meta's id.
fn file(value: &Value, key: &str) -> Result<Value, Invalid> {
    match value {
        Value::Object(_) => Ok(value.clone()),
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            Ok(json!({ "link": text }))
        }
        Value::String(text) if text.starts_with("med_") => Ok(json!({ "media_id": text })),
        Value::String(text) => Ok(json!({ "id": text })),
        _ => Err(Invalid::new(
            format!("variables.{key}"),
            "must be a link, a media id, or an object that holds one",
        )),
    }
}
