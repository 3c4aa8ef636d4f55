//! Keyword rules: the words by which contacts opt out, opt in and ask for help.

use axum::{Json as Body, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    contacts::keywords::manage::{
        self, KeywordRuleDraft, KeywordRuleError, ListedRule, MAX_RULES, MAX_WORDS, REPLY_LENGTH,
    },
    domain::{ConsentPurpose, KeywordAction, KeywordRuleId, perm},
    http::{
        auth::May,
        extract::{Json, Path},
        problem::Problem,
    },
};

/// A keyword rule.
#[derive(Serialize, ToSchema)]
#[schema(as = KeywordRule)]
pub(crate) struct KeywordRuleView {
    id: KeywordRuleId,
    #[schema(value_type = String)]
    action: KeywordAction,
    /// What contacts opt out of, or in to.
    #[schema(value_type = String)]
    purpose: ConsentPurpose,
    /// ISO 639-1. Of several rules that have a word, the one in the language of the country of the sender's number wins.
    #[schema(example = "en")]
    language: String,
    /// The whole of a message has to be one of these, whatever its case, punctuation, emoji and accents.
    words: Vec<String>,
    /// What may stand behind a word.
    polite_tails: Vec<String>,
    /// What answers it, at most once in 24 hours; null if nothing does.
    #[schema(required)]
    reply: Option<String>,
    enabled: bool,
    /// Whether every tenant has it.
    builtin: bool,
    /// Whether it is not as it was built in; deleting it then brings that back.
    changed: bool,
}

impl From<ListedRule> for KeywordRuleView {
    fn from(listed: ListedRule) -> Self {
        let rule = listed.rule;
        Self {
            id: rule.id,
            action: rule.action,
            purpose: rule.purpose,
            language: rule.language,
            words: rule.words,
            polite_tails: rule.polite_tails,
            reply: rule.reply,
            enabled: rule.enabled,
            builtin: listed.is_builtin,
            changed: listed.is_changed,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct KeywordRules {
    data: Vec<KeywordRuleView>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeywordRuleContent {
    #[schema(value_type = String)]
    action: KeywordAction,
    /// What contacts opt out of, or in to.
    #[serde(default = "marketing")]
    #[schema(value_type = String, default = "marketing")]
    purpose: ConsentPurpose,
    /// ISO 639-1.
    #[schema(min_length = 2, max_length = 2, example = "en")]
    language: String,
    /// At most 40 characters each.
    #[schema(min_items = 1, max_items = 300)]
    words: Vec<String>,
    /// What may stand behind a word, such as "please"; at most 40 characters each.
    #[serde(default)]
    #[schema(max_items = 300)]
    polite_tails: Vec<String>,
    /// What answers it; nothing without.
    #[serde(default)]
    #[schema(max_length = 1024)]
    reply: Option<String>,
    #[serde(default = "enabled")]
    #[schema(default = true)]
    enabled: bool,
}

const fn marketing() -> ConsentPurpose {
    ConsentPurpose::Marketing
}

const fn enabled() -> bool {
    true
}

impl From<KeywordRuleContent> for KeywordRuleDraft {
    fn from(it: KeywordRuleContent) -> Self {
        Self {
            action: it.action,
            purpose: it.purpose,
            language: it.language,
            words: it.words,
            polite_tails: it.polite_tails,
            reply: it.reply,
            enabled: it.enabled,
        }
    }
}

impl From<KeywordRuleError> for Problem {
    fn from(error: KeywordRuleError) -> Self {
        let detail = format!("{error}.");
        match error {
            KeywordRuleError::NotFound(id) => Self::not_found(format_args!("keyword rule {id}")),
            KeywordRuleError::Invalid { field, .. } => {
                let limit = match field {
                    "reply" => Some(REPLY_LENGTH as u64),
                    "words" | "polite_tails" => Some(MAX_WORDS as u64),
                    _ => None,
                };
                Self::invalid_field(field, detail, limit)
            }
            KeywordRuleError::TooMany => Self::invalid_field("words", detail, Some(MAX_RULES as u64)),
            KeywordRuleError::Database(error) => error.into(),
        }
    }
}

/// List keyword rules
///
/// The tenant's own, then the built-in ones in English, Spanish, Portuguese, Hindi, Arabic and Indonesian.
#[utoipa::path(get, path = "/api/v1/keyword-rules",
    responses((status = 200, description = "All keyword rules", body = KeywordRules)))]
pub async fn list(caller: May<perm::SettingsRead>, State(app): State<App>) -> Result<Body<KeywordRules>, Problem> {
    let rules = manage::list(&app.keywords, &caller).await?;
    let data = rules.into_iter().map(KeywordRuleView::from).collect();
    Ok(Body(KeywordRules { data }))
}

/// Create a keyword rule
///
/// It is in force within seconds. Where a built-in rule has one of its words too, the tenant's own wins.
#[utoipa::path(post, path = "/api/v1/keyword-rules", request_body = KeywordRuleContent,
    responses((status = 201, description = "Created", body = KeywordRuleView)))]
pub async fn create(
    caller: May<perm::SettingsWrite>,
    State(app): State<App>,
    Json(rule): Json<KeywordRuleContent>,
) -> Result<(StatusCode, Body<KeywordRuleView>), Problem> {
    let made = manage::create(&app.keywords, &caller, rule.into()).await?;
    Ok((StatusCode::CREATED, Body(made.into())))
}

/// Replace a keyword rule
///
/// One of the tenant's own, or a built-in one: with `enabled` false it is switched off.
#[utoipa::path(put, path = "/api/v1/keyword-rules/{id}", params(("id" = KeywordRuleId, Path)), request_body = KeywordRuleContent,
    responses((status = 200, description = "Replaced", body = KeywordRuleView)))]
pub async fn replace(
    caller: May<perm::SettingsWrite>,
    State(app): State<App>,
    Path(id): Path<KeywordRuleId>,
    Json(rule): Json<KeywordRuleContent>,
) -> Result<Body<KeywordRuleView>, Problem> {
    let replaced = manage::replace(&app.keywords, &caller, id, rule.into()).await?;
    Ok(Body(replaced.into()))
}

/// Delete a keyword rule
///
/// A built-in one is again as it was.
#[utoipa::path(delete, path = "/api/v1/keyword-rules/{id}", params(("id" = KeywordRuleId, Path)),
    responses((status = 204, description = "Deleted")))]
pub async fn delete(
    caller: May<perm::SettingsWrite>,
    State(app): State<App>,
    Path(id): Path<KeywordRuleId>,
) -> Result<StatusCode, Problem> {
    manage::delete(&app.keywords, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
