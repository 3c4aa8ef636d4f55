//! Contacts that a filter selects, as pages.

use chrono::{DateTime, Utc};

use super::{Belongings, ContactView};
use crate::{
    contacts::segments::{self, language::Filter},
    db::Tx,
    domain::{ContactId, TenantId},
    http::{
        paging::{Page, Paging},
        problem::Problem,
    },
    records::contacts,
};

/// Which page of which list is asked for.
pub(crate) struct SelectedPage {
    pub list: &'static str,
    pub paging: Paging,
    /// The contact before which it begins.
    pub before: Option<ContactId>,
}

/// Returns a page of the contacts that a filter selects. It is short, or empty, where a request could scan no further.
pub(crate) async fn page_of(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &Filter,
    page: SelectedPage,
    now: DateTime<Utc>,
) -> Result<Page<ContactView>, Problem> {
    let wanted = usize::try_from(page.paging.rows()).unwrap_or(usize::MAX);
    let mut selected = segments::select(tx, tenant, filter, page.before, wanted, now).await?;
    selected.ids.truncate(wanted);
    let ids = Page::filtered(&page.paging, page.list, selected.ids, selected.rest, |id| *id);
    let views = views(tx, tenant, &ids.data).await?;
    Ok(Page {
        data: views,
        next_cursor: ids.next_cursor,
    })
}

/// Returns contacts as they are shown, in the order of their ids here.
pub(crate) async fn views(tx: &mut Tx, tenant: TenantId, ids: &[ContactId]) -> sqlx::Result<Vec<ContactView>> {
    let mut rows = contacts::find_all(tx.on(), tenant, ids).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let mut belongings = Belongings::read(tx, tenant, ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| ContactView::new(row, &mut belongings))
        .collect())
}
