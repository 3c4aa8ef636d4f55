//! Messages in place of a template: to people whose service window is open.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::AdditionalProperties},
};

use super::{
    error::{CampaignError, CampaignResult},
    spec::CampaignSpec,
    templates::FilledContent,
};
use crate::{
    db::On,
    domain::TenantId,
    media::{self, store},
    provider::message::{Invalid, MediaRef, Outbound},
    templates::schema::Variables,
};

const FIELD: &str = "message";
/// Types that answer a message, or stand for a template.
const REFUSED: [&str; 2] = ["reaction", "template"];

/// A message as `POST /messages` takes it: `type`, and the content under that name. `{{KEY}}` in a text is the variable of that key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct CampaignMessage(Map<String, Value>);

impl PartialSchema for CampaignMessage {
    fn schema() -> RefOr<Schema> {
        let example = serde_json::json!({ "type": "text", "text": { "body": "Hello {{name}}, we open at nine." } });
        ObjectBuilder::new()
            .description(Some(
                "A message as `POST /messages` takes it: its `type`, and the content under that name; no template and no reaction. \
                 `{{KEY}}` in a text stands for the variable of that key.",
            ))
            .property("type", ObjectBuilder::new().schema_type(utoipa::openapi::Type::String))
            .required("type")
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .examples([example])
            .into()
    }
}

impl ToSchema for CampaignMessage {}

impl CampaignMessage {
    fn parts(&self) -> Result<(&str, &Value), Invalid> {
        let kind = self.0.get("type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| Invalid::new("type", "say which: text, image, interactive, …"))?;
        if REFUSED.contains(&kind) {
            return Err(Invalid::new("type", format!("cannot be {kind} in place of a template")));
        }
        let other = self.0.keys().find(|name| *name != "type" && *name != kind);
        match (other, self.0.get(kind)) {
            (Some(other), _) => Err(Invalid::new(
                other.clone(),
                format!("does not belong to a message of type {kind}"),
            )),
            (None, None) => Err(Invalid::new(kind.to_owned(), "is missing")),
            (None, Some(payload)) => Ok((kind, payload)),
        }
    }

    /// Checks the message, and that it uses all variables and no others.
    pub(super) fn check(&self, spec: &CampaignSpec) -> CampaignResult<()> {
        let in_message =
            |invalid: Invalid| CampaignError::invalid(format!("{FIELD}.{}", invalid.field), invalid.problem);
        let (_, payload) = self.parts().map_err(in_message)?;
        let mut used = BTreeSet::new();
        collect_keys(payload, &mut used);
        if let Some(key) = used.iter().find(|key| !spec.variables.contains_key(**key)) {
            return Err(CampaignError::invalid(
                FIELD,
                format!("{{{{{key}}}}} is no variable: add it to variables"),
            ));
        }
        for (key, variable) in &spec.variables {
            let why = match &variable.value {
                _ if !used.contains(key.as_str()) => "is not used in the message",
                Some(value) if !value.is_string() => "has to be a text in a message",
                _ => continue,
            };
            return Err(CampaignError::invalid(format!("variables.{key}"), why));
        }
        let sample = |key: &String| (key.clone(), Value::from("x"));
        self.fill(&spec.variables.keys().map(sample).collect())
            .map(drop)
            .map_err(in_message)
    }

    /// Checks that its files are there and can be sent as what they are named under.
    pub(super) async fn check_files(&self, on: On<'_>, tenant: TenantId) -> CampaignResult<()> {
        let Ok((kind, payload)) = self.parts() else {
            return Ok(());
        };
        let Ok(mut outbound) = Outbound::parse(kind, payload) else {
            return Ok(());
        };
        let stored = outbound.media().into_iter().filter_map(|(kind, file)| match file {
            MediaRef::Stored(id) => Some((kind, *id)),
            _ => None,
        });
        let stored: Vec<_> = stored.collect();
        let ids: Vec<_> = stored.iter().map(|(_, id)| *id).collect();
        let found = store::find_all(on, tenant, &ids).await?;
        for (kind, id) in stored {
            media::check_sendable(found.iter().find(|it| it.id == id), kind).map_err(|why| {
                CampaignError::invalid(FIELD, format!("{id} cannot be sent as {}: {why}", kind.as_str()))
            })?;
        }
        Ok(())
    }

    /// Fills the message with the values of a recipient.
    pub(super) fn fill(&self, values: &Variables) -> Result<FilledContent, Invalid> {
        let (kind, payload) = self.parts()?;
        let mut payload = payload.clone();
        replace(&mut payload, values);
        let outbound = Outbound::parse(kind, &payload)?;
        Ok(FilledContent {
            kind: outbound.kind(),
            content: payload.to_string(),
            text: outbound.preview(),
        })
    }
}

/// Collects the keys between `{{` and `}}` in the texts of a value.
fn collect_keys<'v>(value: &'v Value, keys: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => keys.extend(pieces(text).filter_map(|(_, key)| key)),
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Value::Object(members) => members.values().for_each(|member| collect_keys(member, keys)),
        _ => {}
    }
}

fn replace(value: &mut Value, values: &Variables) {
    match value {
        Value::String(text) if text.contains("{{") => {
            let of = |key: &str| values.get(key).and_then(Value::as_str).unwrap_or_default();
            *text = pieces(text)
                .map(|(before, key)| format!("{before}{}", key.map_or("", of)))
                .collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, values)),
        Value::Object(members) => members.values_mut().for_each(|member| replace(member, values)),
        _ => {}
    }
}

/// Splits a text into pieces, each followed by a key but for the last.
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let found = text
            .split_once("{{")
            .and_then(|(before, more)| Some((before, more.split_once("}}")?)));
        Some(match found {
            Some((before, (key, after))) => {
                rest = Some(after);
                (before, Some(key.trim()))
            }
            None => (text, None),
        })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(value: Value) -> CampaignMessage {
        serde_json::from_value(value).expect("an object")
    }

    #[test]
    fn keys_are_replaced_wherever_they_stand() {
        let it = message(json!({
            "type": "interactive",
            "interactive": {
                "type": "button", "body": { "text": "Hi {{ name }}, {{city}} calls {{name}}" },
                "action": { "buttons": [{ "type": "reply", "reply": { "id": "yes", "title": "I am {{name}}" } }] },
            },
        }));
        let values = Variables::from_iter([("name".to_owned(), json!("A{{b}}")), ("city".to_owned(), json!("Pune"))]);
        let filled = it.fill(&values).expect("it is valid");
        assert_eq!(filled.text.as_deref(), Some("Hi A{{b}}, Pune calls A{{b}}"));
        assert!(filled.content.contains("I am A{{b}}"), "{}", filled.content);
    }

    #[test]
    fn what_cannot_stand_for_a_template_is_refused() {
        for (value, field) in [
            (json!({ "text": { "body": "x" } }), "type"),
            (json!({ "type": "reaction", "reaction": {} }), "type"),
            (json!({ "type": "template", "template": {} }), "type"),
            (json!({ "type": "text" }), "text"),
            (json!({ "type": "text", "text": { "body": "x" }, "image": {} }), "image"),
            (json!({ "type": "text", "text": { "body": "" } }), "text.body"),
        ] {
            let refused = message(value.clone())
                .fill(&Variables::new())
                .err()
                .expect("it is refused");
            assert_eq!(refused.field, field, "{value}");
        }
    }
}
