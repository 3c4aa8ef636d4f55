//! Lists, creates, changes and deletes keyword rules.

use super::{KeywordRule, KeywordService, LONGEST_KEYWORD, builtin_rules, fold::is_word, may_be_keyword};
use crate::{
    contacts::{store::keyword_rules as store, text::clean},
    db::Tx,
    domain::{ConsentPurpose, Ctx, KeywordAction, KeywordRuleId},
};

/// Rules of a tenant, the built-in ones that they changed among them.
pub(crate) const MAX_RULES: usize = 100;
/// Words of a rule, and polite tails.
pub(crate) const MAX_WORDS: usize = 300;
/// Characters of a reply.
pub(crate) const REPLY_LENGTH: usize = 1_024;

/// A rule as it is wanted.
pub(crate) struct KeywordRuleDraft {
    pub action: KeywordAction,
    pub purpose: ConsentPurpose,
    pub language: String,
    pub words: Vec<String>,
    pub polite_tails: Vec<String>,
    pub reply: Option<String>,
    pub enabled: bool,
}

/// A rule that is in force, or switched off.
pub(crate) struct ListedRule {
    pub rule: KeywordRule,
    pub is_builtin: bool,
    /// Whether it is not as it was built in.
    pub is_changed: bool,
}

/// Why a rule is not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeywordRuleError {
    #[error("there is no keyword rule {0}")]
    NotFound(KeywordRuleId),
    #[error("{field}: {why}")]
    Invalid { field: &'static str, why: String },
    #[error("a tenant has at most {MAX_RULES} keyword rules of their own")]
    TooMany,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

type RuleResult<T> = Result<T, KeywordRuleError>;

/// Lists the tenant's own rules, then the built-in ones.
pub(crate) async fn list(service: &KeywordService, ctx: &Ctx) -> RuleResult<Vec<ListedRule>> {
    let mut tx = service.db.begin_as(ctx.tenant).await?;
    let mut own = store::list(tx.on(), ctx.tenant).await?;
    tx.commit().await?;
    let builtin: Vec<ListedRule> = builtin_rules()
        .map(|rule| match own.iter().position(|it| it.id == rule.id) {
            Some(at) => listed(own.remove(at), true),
            None => listed(rule, false),
        })
        .collect();
    let own = own.into_iter().map(|rule| listed(rule, true));
    Ok(own.chain(builtin).collect())
}

/// Creates a rule.
pub(crate) async fn create(service: &KeywordService, ctx: &Ctx, draft: KeywordRuleDraft) -> RuleResult<ListedRule> {
    let rule = checked(service.clock.new_id(), draft)?;
    put(service, ctx, rule, true).await
}

/// Replaces a rule: one of the tenant's own, or a built-in one.
pub(crate) async fn replace(
    service: &KeywordService,
    ctx: &Ctx,
    id: KeywordRuleId,
    draft: KeywordRuleDraft,
) -> RuleResult<ListedRule> {
    put(service, ctx, checked(id, draft)?, false).await
}

/// Deletes a rule of the tenant's own. A built-in one is again as it was.
pub(crate) async fn delete(service: &KeywordService, ctx: &Ctx, id: KeywordRuleId) -> RuleResult<()> {
    let work = async |tx: &mut Tx| store::delete(tx.on(), ctx.tenant, id).await;
    let deleted = service.db.transaction_as(ctx.tenant, work).await?;
    if deleted == 0 && !is_builtin(id) {
        return Err(KeywordRuleError::NotFound(id));
    }
    Ok(service.reload().await?)
}

async fn put(service: &KeywordService, ctx: &Ctx, rule: KeywordRule, is_new: bool) -> RuleResult<ListedRule> {
    let now = service.clock.now();
    let work = async |tx: &mut Tx| {
        let known = store::list(tx.on(), ctx.tenant).await?;
        let is_known = known.iter().any(|it| it.id == rule.id);
        if !is_new && !is_known && !is_builtin(rule.id) {
            return Err(KeywordRuleError::NotFound(rule.id));
        }
        if !is_known && known.len() >= MAX_RULES {
            return Err(KeywordRuleError::TooMany);
        }
        store::put(tx.on(), ctx.tenant, &rule, ctx.actor, now).await?;
        Ok(())
    };
    service.db.transaction_as(ctx.tenant, work).await?;
    service.reload().await?;
    Ok(listed(rule, true))
}

fn listed(rule: KeywordRule, is_stored: bool) -> ListedRule {
    let is_builtin = is_builtin(rule.id);
    ListedRule {
        is_builtin,
        is_changed: is_builtin && is_stored,
        rule,
    }
}

fn is_builtin(id: KeywordRuleId) -> bool {
    builtin_rules().any(|rule| rule.id == id)
}

fn checked(id: KeywordRuleId, draft: KeywordRuleDraft) -> RuleResult<KeywordRule> {
    let invalid = |field, why: String| KeywordRuleError::Invalid { field, why };
    let language = draft.language.trim().to_lowercase();
    if language.len() != 2 || !language.bytes().all(|it| it.is_ascii_lowercase()) {
        return Err(invalid("language", "write two letters (ISO 639-1), such as en".into()));
    }
    let reply = draft.reply.map(|reply| clean(&reply)).filter(|reply| !reply.is_empty());
    if reply.as_ref().is_some_and(|reply| reply.chars().count() > REPLY_LENGTH) {
        return Err(invalid("reply", format!("at most {REPLY_LENGTH} characters")));
    }
    let words = texts("words", draft.words)?;
    if words.is_empty() {
        return Err(invalid("words", "write at least one".into()));
    }
    Ok(KeywordRule {
        id,
        action: draft.action,
        purpose: draft.purpose,
        language,
        words,
        polite_tails: texts("polite_tails", draft.polite_tails)?,
        reply,
        enabled: draft.enabled,
    })
}

/// Cleans words or polite tails, and refuses those that no message can equal.
fn texts(field: &'static str, texts: Vec<String>) -> RuleResult<Vec<String>> {
    let invalid = |why: String| KeywordRuleError::Invalid { field, why };
    if texts.len() > MAX_WORDS {
        return Err(invalid(format!("at most {MAX_WORDS}")));
    }
    let mut kept: Vec<String> = Vec::with_capacity(texts.len());
    for text in texts {
        let text = clean(&text);
        if !may_be_keyword(&text) || !is_word(&text) {
            let why = format!("{text:?} must hold a letter or digit, and at most {LONGEST_KEYWORD} characters");
            return Err(invalid(why));
        }
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    Ok(kept)
}
