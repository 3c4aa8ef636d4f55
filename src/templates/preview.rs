use serde_json::{Map, Value, json};

use super::{cache::schema, schema::Rendered};
use crate::{
    meta::message::{Invalid, MediaRef, MessageRecipient, Options, Outbound, SendEnvelope},
    templates::store::templates::StoredTemplate,
};

/// Preview of a template message.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    pub(crate) rendered: Rendered,
    /// The payload under `template`.
    pub template: Value,
    /// The exact request, without recipient and attempt id.
    pub request: Value,
}

/// Fills a template with variables by key (see [`super::schema::Placeholder`]).
///
/// # Errors
/// Names the invalid variable or member.
pub fn preview(row: &StoredTemplate, variables: &Map<String, Value>) -> Result<Preview, Invalid> {
    let schema = schema(row);
    let mut payload = json!({ "name": row.name, "language": { "code": row.language } });
    let components = schema.components(variables)?;
    if !components.is_empty() {
        payload["components"] = Value::Array(components);
    }
    let mut message = Outbound::parse("template", &payload)?;
    let Some(template) = message.template() else {
        return Err(Invalid::new("template", "is no template"));
    };
    schema.check(template)?;
    let rendered = schema.render(template);
    // A stored file has no media id from Meta yet; its own id takes the place.
    for (_, file) in message.media() {
        if let MediaRef::Stored(id) = file {
            *file = MediaRef::Meta(id.to_string());
        }
    }
    let envelope = SendEnvelope {
        to: &MessageRecipient::Phone(String::new()),
        context: None,
        opaque: "",
        options: &Options::default(),
    };
    let body = message.body(&envelope).unwrap_or_default();
    let mut request: Value = serde_json::from_str(&body).unwrap_or_default();
    if let Value::Object(members) = &mut request {
        members.retain(|name, _| !matches!(name.as_str(), "to" | "biz_opaque_callback_data"));
    }
    Ok(Preview {
        rendered,
        template: payload,
        request,
    })
}
