//! What customers set in WhatsApp, in the consent ledger.

use serde_json::json;

use super::plan::Plan;
use crate::{
    clock::Clock,
    contacts::{
        consent::{self, NewConsent},
        people::{PreferenceChange, Resolved},
    },
    db::{Result, Tx},
    domain::{Actor, ConsentPurpose, ConsentSource, ConsentStatus},
};

/// Appends the marketing preferences that are newer than what was known of the contact. Runs while contacts are at their stage of the lock
/// order.
pub(super) async fn record(tx: &mut Tx, clock: &Clock, plan: &Plan, resolved: &Resolved) -> Result<()> {
    if resolved.preferring.is_empty() {
        return Ok(());
    }
    let mut fresh = resolved.preferring.clone();
    let mut statements = Vec::with_capacity(fresh.len());
    for it in &plan.preferences {
        let party = &plan.parties[it.party];
        let Some(marketing_stopped) = party.marketing_stopped else {
            continue;
        };
        let change = PreferenceChange {
            contact: resolved.contacts[it.party],
            marketing_stopped,
            at: party.at,
        };
        // One statement, though the batch may contain the preference twice.
        let Some(index) = fresh.iter().position(|it| *it == change) else {
            continue;
        };
        fresh.swap_remove(index);
        statements.push(NewConsent {
            tenant: it.tenant,
            contact: change.contact,
            purpose: ConsentPurpose::Marketing,
            channel: None,
            status: match marketing_stopped {
                true => ConsentStatus::Revoked,
                false => ConsentStatus::Granted,
            },
            source: ConsentSource::MetaPreference,
            lifts: false,
            occurred_at: change.at,
            evidence: Some(json!({ "detail": it.preference.detail, "channel_id": it.channel })),
            message: None,
            import: None,
            by: Actor::System,
        });
    }
    consent::record(tx, clock, statements).await.map(drop)
}
