//! Templates with `variables`: their values by key, as in a preview, instead of Meta's `components`.

use serde_json::{Map, Value, json};

use super::{ComposeError, Composer, FilledMessage};
use crate::{
    db::Result,
    domain::{Ctx, TenantId},
    provider::message::Invalid,
    templates::TemplateCache,
};

const TEMPLATE: &str = "template";
const VARIABLES: &str = "variables";
const COMPONENTS: &str = "components";

/// A template with variables: account, name, language, values.
struct Named {
    account: String,
    name: String,
    language: String,
    variables: Map<String, Value>,
}

impl Composer {
    /// Replaces `variables` of template messages by `components`, and a language given as text by Meta's object.
    pub(super) async fn fill_variables(
        &self,
        ctx: &Ctx,
        filled: &mut [std::result::Result<FilledMessage, ComposeError>],
    ) -> Result<()> {
        let mut named: Vec<(usize, Named)> = Vec::new();
        for (n, slot) in filled.iter_mut().enumerate() {
            let Ok(message) = slot else { continue };
            match self.take_variables(ctx, message) {
                Ok(None) => {}
                Ok(Some(it)) => named.push((n, it)),
                Err(invalid) => *slot = Err(invalid.into()),
            }
        }
        if named.is_empty() {
            return Ok(());
        }
        let mut cache = TemplateCache::default();
        let key = |(_, it): &(usize, Named)| (ctx.tenant, it.account.clone(), it.name.clone());
        cache.load(self.db.reader(), named.iter().map(key)).await?;
        for (n, it) in named {
            let Ok(message) = &mut filled[n] else { continue };
            match components(&cache, ctx.tenant, &it) {
                Ok(components) if components.is_empty() => {}
                Ok(components) => message.payload[COMPONENTS] = Value::Array(components),
                Err(invalid) => filled[n] = Err(invalid.into()),
            }
        }
        Ok(())
    }

    fn take_variables(&self, ctx: &Ctx, message: &mut FilledMessage) -> std::result::Result<Option<Named>, Invalid> {
        if message.kind != TEMPLATE {
            return Ok(None);
        }
        let channel = message.channel;
        let Value::Object(payload) = &mut message.payload else {
            return Ok(None);
        };
        if let Some(Value::String(code)) = payload.get("language") {
            let language = json!({ "code": code });
            payload.insert("language".to_owned(), language);
        }
        let variables = match payload.remove(VARIABLES) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(variables)) => variables,
            Some(_) => {
                let problem = "must be an object with a value for each variable, such as {\"body.1\": \"Ana\"}";
                return Err(Invalid::new("template.variables", problem));
            }
        };
        if payload.contains_key(COMPONENTS) {
            let problem = "stands in the place of components; give one or the other";
            return Err(Invalid::new("template.variables", problem));
        }
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Some(Named {
            account: self.route(ctx, channel)?.account().to_owned(),
            name: text(payload.get("name")),
            language: text(payload.get("language").and_then(|it| it.get("code"))),
            variables,
        }))
    }
}

fn components(cache: &TemplateCache, tenant: TenantId, it: &Named) -> std::result::Result<Vec<Value>, Invalid> {
    let Some(schema) = cache.schema(tenant, &it.account, &it.name, &it.language) else {
        let problem = format!(
            "the variables of {} ({}) are not known here: give Meta's components, or POST /api/v1/templates/sync if the template is new",
            it.name, it.language
        );
        return Err(Invalid::new("template.variables", problem));
    };
    schema.components(&it.variables).map_err(|invalid| Invalid {
        field: format!("template.{}", invalid.field),
        ..invalid
    })
}
