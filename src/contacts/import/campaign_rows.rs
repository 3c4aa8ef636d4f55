//! What an import writes for a campaign: a row for each person of the file.

use std::collections::{BTreeMap, HashMap};

use super::{counts::RowOutcome, read_row::JudgedRow, run::RunningImport};
use crate::{
    db::{Result, Tx},
    domain::ContactId,
    records::{
        campaigns::{self, CampaignRow},
        contacts,
    },
};

/// Locks what a chunk locks before its contacts: the tenant, shared, and the campaign that the import is for, so that it stays a draft until
/// the end of the transaction.
pub(super) async fn lock_first(tx: &mut Tx, import: &RunningImport<'_>) -> Result<()> {
    contacts::lock_tenant(tx, import.tenant, false).await?;
    match import.spec.campaign_id {
        Some(campaign) => campaigns::lock_draft(tx, import.tenant, campaign).await,
        None => Ok(()),
    }
}

/// Writes the rows of the campaign that the import is for. Of rows of one contact the last counts.
pub(super) async fn write_campaign_rows(
    tx: &mut Tx,
    import: &RunningImport<'_>,
    judged: &[JudgedRow],
    outcomes: &HashMap<i64, (RowOutcome, Option<ContactId>)>,
) -> Result<()> {
    let Some(campaign) = import.spec.campaign_id else {
        return Ok(());
    };
    let mut rows: BTreeMap<ContactId, CampaignRow> = BTreeMap::new();
    for row in judged.iter().filter_map(|it| it.row.as_ref()) {
        let Some((outcome, Some(contact))) = outcomes.get(&row.row) else {
            continue;
        };
        if *outcome == RowOutcome::Failed {
            continue;
        }
        let params: BTreeMap<&String, &String> = row.params.iter().map(|(heading, value)| (heading, value)).collect();
        let params = serde_json::to_string(&params).expect("texts always serialise");
        let contact = *contact;
        let params = (!row.params.is_empty()).then_some(params);
        rows.insert(contact, CampaignRow { contact, params });
    }
    let rows: Vec<CampaignRow> = rows.into_values().collect();
    let columns = import.spec.kept_columns();
    campaigns::put_rows(tx, (import.tenant, campaign), &rows, &columns).await
}
