//! The templates of a campaign, as they were at its launch: one for each account and language.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    error::{CampaignError, CampaignResult},
    spec::{CampaignSpec, CampaignTemplate},
};
use crate::{
    db::On,
    directory::Route,
    domain::TenantId,
    provider::message::{Invalid, Outbound},
    templates::{
        Schema, TemplateCache, is_sendable,
        schema::Variables,
        store::templates::{self as store, StoredTemplate},
    },
};

const TEMPLATE: &str = "template";
const AUTHENTICATION: &str = "AUTHENTICATION";

/// A template of an account in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TemplateVariant {
    account: String,
    pub language: String,
    category: Option<String>,
    parameter_format: Option<String>,
    /// JSON.
    components: String,
}

impl TemplateVariant {
    fn of(row: StoredTemplate) -> Self {
        Self {
            account: row.waba_id,
            language: row.language,
            category: row.category,
            parameter_format: row.parameter_format,
            components: row.components,
        }
    }

    fn schema(&self) -> Schema {
        let components: Value = serde_json::from_str(&self.components).unwrap_or_default();
        Schema::compile(self.category.as_deref(), self.parameter_format.as_deref(), &components)
    }
}

/// The templates of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TemplateSnapshot {
    name: String,
    /// The language of contacts whose own has no template.
    language: String,
    variants: Vec<TemplateVariant>,
}

impl TemplateSnapshot {
    /// Reads the templates of a campaign.
    ///
    /// # Errors
    /// An account has no template of this name in the campaign's language that can be sent, or the variables are not those of a template.
    pub async fn read(mut on: On<'_>, tenant: TenantId, spec: &CampaignSpec, routes: &[Route]) -> CampaignResult<Self> {
        let accounts: BTreeSet<&str> = routes.iter().map(Route::account).collect();
        let Some(CampaignTemplate { name, language }) = &spec.template else {
            return Err(CampaignError::invalid(TEMPLATE, "is missing"));
        };
        let names: Vec<_> = accounts
            .iter()
            .map(|account| (tenant, (*account).to_owned(), name.clone()))
            .collect();
        let chosen = Outbound::parse(TEMPLATE, &json!({ "name": name, "language": { "code": language } }));
        if let Err(invalid) = chosen {
            return Err(CampaignError::Template(invalid.into()));
        }
        let mut cache = TemplateCache::default();
        cache.load(on.reborrow(), names.iter().cloned()).await?;
        for account in &accounts {
            if !cache.is_known_and_sendable(tenant, account, name, language)? {
                let why = "the templates of the account were never fetched: POST /api/v1/templates/sync";
                return Err(CampaignError::invalid("template.name", why));
            }
        }
        let rows = store::find_by_names(on, &names).await?;
        let mut variants: Vec<TemplateVariant> = rows
            .into_iter()
            .filter(|row| is_sendable(&row.status))
            .map(TemplateVariant::of)
            .collect();
        variants.sort_by(|a, b| (&a.account, &a.language).cmp(&(&b.account, &b.language)));
        let snapshot = Self {
            name: name.clone(),
            language: language.clone(),
            variants,
        };
        for variant in &snapshot.variants {
            snapshot.check(variant, spec)?;
        }
        Ok(snapshot)
    }

    /// Checks that the variables of a campaign fill a template.
    fn check(&self, variant: &TemplateVariant, spec: &CampaignSpec) -> CampaignResult<()> {
        let sample = |value: &Option<Value>| value.clone().unwrap_or_else(|| json!("x"));
        let values = spec.variables.iter().map(|(key, it)| (key.clone(), sample(&it.value)));
        let in_language = |invalid: Invalid| {
            let why = format!("{} (template {} in {})", invalid.problem, self.name, variant.language);
            CampaignError::invalid(invalid.field, why)
        };
        self.content_of(variant, &variant.schema(), &values.collect())
            .map(drop)
            .map_err(in_language)
    }

    /// Returns how many languages it has, over the accounts of the routes.
    pub fn languages(&self, routes: &[Route]) -> usize {
        let of = |route: &Route| self.variants.iter().filter(|it| it.account == route.account()).count();
        routes.iter().map(of).sum()
    }

    pub fn stored(text: &str) -> CampaignResult<Self> {
        serde_json::from_str(text).map_err(|error| CampaignError::invalid(TEMPLATE, error))
    }

    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("templates always serialise")
    }

    /// Returns whether it goes to phone numbers only.
    pub fn needs_phone(&self) -> bool {
        let is_code = |it: &TemplateVariant| it.category.as_deref() == Some(AUTHENTICATION);
        self.variants.iter().any(is_code)
    }

    /// Returns the template for a contact's language: that one, else one of its base language, else that of the campaign.
    pub fn variant(&self, account: &str, language: Option<&str>) -> Option<&TemplateVariant> {
        let of_account = || self.variants.iter().filter(|it| it.account == account);
        let exact = |wanted: &str| of_account().find(|it| is_same(&it.language, wanted));
        let base = |wanted: &str| of_account().find(|it| is_same(base_of(&it.language), base_of(wanted)));
        let own = language.and_then(|wanted| exact(wanted).or_else(|| base(wanted)));
        own.or_else(|| exact(&self.language))
    }

    /// Returns the template of a wave.
    pub fn of_wave(&self, account: &str, language: &str) -> Option<WaveTemplate<'_>> {
        let variant = self
            .variants
            .iter()
            .find(|it| it.account == account && it.language == language)?;
        Some(WaveTemplate {
            snapshot: self,
            variant,
            schema: variant.schema(),
        })
    }

    fn content_of(
        &self,
        variant: &TemplateVariant,
        schema: &Schema,
        values: &Variables,
    ) -> Result<FilledContent, Invalid> {
        let mut payload = json!({ "name": self.name, "language": { "code": variant.language } });
        let components = schema.components(values)?;
        if !components.is_empty() {
            payload["components"] = Value::Array(components);
        }
        let text = match Outbound::parse(TEMPLATE, &payload)? {
            Outbound::Template(template) => {
                schema.check(&template)?;
                schema.render(&template).body
            }
            _ => String::new(),
        };
        let is_code = variant.category.as_deref() == Some(AUTHENTICATION);
        Ok(FilledContent {
            kind: TEMPLATE,
            content: payload.to_string(),
            text: Some(text).filter(|text| !text.is_empty() && !is_code),
        })
    }
}

/// A template or a message with the values of a recipient.
pub(super) struct FilledContent {
    pub kind: &'static str,
    /// JSON that Meta expects under the type.
    pub content: String,
    /// Text for previews; none of a one-time code.
    pub text: Option<String>,
}

/// The template of a wave, compiled.
pub(super) struct WaveTemplate<'s> {
    snapshot: &'s TemplateSnapshot,
    variant: &'s TemplateVariant,
    schema: Schema,
}

impl WaveTemplate<'_> {
    pub fn name(&self) -> &str {
        &self.snapshot.name
    }

    /// Fills the template with the values of a recipient.
    pub fn fill(&self, values: &Variables) -> Result<FilledContent, Invalid> {
        self.snapshot.content_of(self.variant, &self.schema, values)
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.replace('-', "_").eq_ignore_ascii_case(&other.replace('-', "_"))
}

fn base_of(language: &str) -> &str {
    language.split(['_', '-']).next().unwrap_or(language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> TemplateSnapshot {
        let variant = |account: &str, language: &str| TemplateVariant {
            account: account.to_owned(),
            language: language.to_owned(),
            category: Some("MARKETING".to_owned()),
            parameter_format: None,
            components: r#"[{"type":"BODY","text":"Hello {{1}}"}]"#.to_owned(),
        };
        TemplateSnapshot {
            name: "hello".to_owned(),
            language: "en_US".to_owned(),
            variants: vec![
                variant("1", "en_US"),
                variant("1", "es"),
                variant("1", "pt_BR"),
                variant("2", "en_US"),
            ],
        }
    }

    #[test]
    fn a_contact_gets_their_language_or_the_nearest() {
        let templates = snapshot();
        let of =
            |account: &str, language: Option<&str>| templates.variant(account, language).map(|it| it.language.clone());
        for (language, template) in [
            (Some("es"), "es"),
            (Some("es-MX"), "es"),
            (Some("pt-br"), "pt_BR"),
            (Some("pt"), "pt_BR"),
            (Some("de"), "en_US"),
            (None, "en_US"),
        ] {
            assert_eq!(of("1", language).as_deref(), Some(template), "{language:?}");
        }
        assert_eq!(of("2", Some("es")).as_deref(), Some("en_US"));
        assert_eq!(of("3", None), None);
    }

    #[test]
    fn a_template_is_filled_with_the_values_of_a_recipient() {
        let templates = snapshot();
        let template = templates.of_wave("1", "es").expect("there is one");
        let values = Variables::from_iter([("body.1".to_owned(), json!("Ana"))]);
        let filled = template.fill(&values).expect("it is complete");
        assert_eq!(filled.text.as_deref(), Some("Hello Ana"));
        assert!(filled.content.contains("\"text\":\"Ana\""), "{}", filled.content);
        assert!(template.fill(&Variables::new()).is_err());
    }
}
