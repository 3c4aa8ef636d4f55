//! Checks the templates of requests.

use std::collections::{BTreeSet, HashMap};

use super::{AcceptRequest, AcceptedSend, Refusal, TemplateUse};
use crate::{
    clock::Clock,
    db::{Result, Tx},
    domain::TenantId,
    templates::{TemplateCache, store::templates},
};

/// A template that can be sent.
pub(crate) struct CheckedTemplate {
    /// Category at Meta; `None` if the template is unknown here.
    pub category: Option<String>,
    /// The text with its variables filled in.
    pub text: Option<String>,
}

/// Rejects unanswered requests whose templates cannot be sent. Returns the checked templates of the others by their index. Requests a
/// sync of the account if the template may be too new to be known here.
pub(crate) async fn check_templates(
    tx: &mut Tx,
    clock: &Clock,
    requests: &[AcceptRequest],
    answers: &mut [Option<std::result::Result<AcceptedSend, Refusal>>],
) -> Result<HashMap<usize, CheckedTemplate>> {
    fn used((n, request): (usize, &AcceptRequest)) -> Option<(usize, TenantId, &TemplateUse)> {
        Some((n, request.tenant, request.template.as_ref()?))
    }
    let unanswered = requests.iter().enumerate().filter(|(n, _)| answers[*n].is_none());
    let used: Vec<(usize, TenantId, &TemplateUse)> = unanswered.filter_map(used).collect();
    if used.is_empty() {
        return Ok(HashMap::new());
    }
    let mut cache = TemplateCache::default();
    let key =
        |(_, tenant, it): &(usize, TenantId, &TemplateUse)| (*tenant, it.waba_id.clone(), it.template.name.clone());
    cache.load(tx.on(), used.iter().map(key)).await?;
    let now = clock.now();
    let mut checked = HashMap::new();
    let mut stale: BTreeSet<(TenantId, &str)> = BTreeSet::new();
    for (n, tenant, it) in &used {
        match cache.check(*tenant, &it.waba_id, &it.template) {
            Ok(category) => {
                let category = category.map(str::to_owned);
                let text = cache.text(*tenant, &it.waba_id, &it.template);
                checked.insert(*n, CheckedTemplate { category, text });
            }
            Err(error) => {
                if error.may_be_new() && cache.is_stale(*tenant, &it.waba_id, now) {
                    stale.insert((*tenant, &it.waba_id));
                }
                answers[*n] = Some(Err(error.into()));
            }
        }
    }
    for (tenant, waba_id) in stale {
        templates::request_sync(tx.on(), clock.new_id(), tenant, waba_id, now, now).await?;
    }
    Ok(checked)
}
