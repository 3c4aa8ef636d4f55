//! Contacts: lists of them, one of them, and what is written of them.

pub(crate) mod batch;
pub(crate) mod consents;
pub(crate) mod detail;
pub(crate) mod fields;
mod problems;
mod selected;
pub(crate) mod tags;
mod view;
pub(crate) mod write;

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) use selected::{SelectedPage, page_of, views};
use view::Belongings;
pub(crate) use view::{ContactView, identities, in_use};

use crate::{
    app::App,
    contacts::segments::{Criteria, read_catalogue},
    domain::{ContactId, perm},
    http::{
        auth::May,
        extract::Query,
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records::{contacts, conversations::SearchTerm},
};

const LIST: &str = "contacts";

/// Selects the contacts of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListContactsQuery {
    /// The contact with this phone number, as people write it.
    #[param(example = "+49 151 23456789")]
    phone: Option<String>,
    /// Contacts whose name, number or user name begins with this; at most 1,000 are found.
    search: Option<String>,
    /// The contact with your own id.
    external_id: Option<String>,
    /// `true`: the archived contacts instead of those in use.
    #[serde(default)]
    archived: bool,
    /// Contacts with the tag of this name.
    tag: Option<String>,
    /// Contacts on the list of this name.
    list: Option<String>,
    /// Contacts of the segment with this id or name.
    segment: Option<String>,
    /// Contacts that the filter selects.
    #[param(example = "fields.city in (\"Pune\", \"Surat\") and last_inbound > -30d")]
    filter: Option<String>,
}

impl ListContactsQuery {
    fn criteria(&self) -> Criteria {
        Criteria {
            tag: self.tag.clone(),
            list: self.list.clone(),
            segment: self.segment.clone(),
            filter: self.filter.clone(),
        }
    }
}

/// List contacts
///
/// Newest first. With several of `tag`, `list`, `segment` and `filter`, the people whom all of them select; a page of these may hold fewer
/// than `limit`, even none, and still have a next one.
#[utoipa::path(get, path = "/api/v1/contacts", params(PagingParams, ListContactsQuery),
    responses((status = 200, description = "A page of contacts", body = Page<ContactView>)))]
pub async fn list(
    caller: May<perm::ContactsRead>,
    State(app): State<App>,
    paging: Paging,
    Query(query): Query<ListContactsQuery>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let before = paging.key(LIST)?;
    let (tenant, limit) = (caller.tenant, paging.rows());
    let term = query.search.as_deref().and_then(SearchTerm::parse);
    let given = [query.phone.is_some(), query.external_id.is_some(), term.is_some()];
    if given.iter().filter(|it| **it).count() > 1 {
        return Err(Problem::invalid("Give one of `phone`, `external_id` and `search`."));
    }
    let criteria = query.criteria();
    if !criteria.is_empty() {
        if query.archived || given.contains(&true) {
            let detail = "`tag`, `list`, `segment` and `filter` cannot be combined with `phone`, `external_id`, `search` and `archived`.";
            return Err(Problem::invalid(detail));
        }
        let mut tx = caller.begin().await?;
        let filter = criteria.filter(&read_catalogue(&mut tx, tenant).await?)?;
        let page = SelectedPage {
            list: LIST,
            paging,
            before,
        };
        let page = page_of(&mut tx, tenant, &filter, page, app.clock.now()).await?;
        tx.commit().await?;
        return Ok(Json(page));
    }
    let mut tx = caller.begin().await?;
    let after = |row: &contacts::Contact| before.is_none_or(|before| row.id < before);
    let rows = match (&query.phone, &query.external_id, &term) {
        (Some(phone), ..) => {
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            // The number in every national form of its country.
            let mut found = contacts::with_phone(tx.on(), tenant, &digits).await?;
            for form in mainstay_phone::variants(&digits) {
                if found.is_none() {
                    found = contacts::with_phone(tx.on(), tenant, &form).await?;
                }
            }
            found.into_iter().filter(after).collect()
        }
        (None, Some(external_id), _) => {
            let ids = contacts::by_external_ids(tx.on(), tenant, std::slice::from_ref(external_id)).await?;
            let ids: Vec<ContactId> = ids.into_iter().map(|(_, id)| id).collect();
            contacts::find_all(tx.on(), tenant, &ids)
                .await?
                .into_iter()
                .filter(after)
                .collect()
        }
        (None, None, Some(term)) => contacts::search(tx.on(), tenant, term, before, limit).await?,
        (None, None, None) => contacts::list(tx.on(), tenant, query.archived, before, limit).await?,
    };
    let page = Page::new(&paging, LIST, rows, |row| row.id);
    let ids: Vec<ContactId> = page.data.iter().map(|row| row.id).collect();
    let mut belongings = Belongings::read(&mut tx, caller.tenant, &ids).await?;
    tx.commit().await?;
    Ok(Json(page.map(|row| ContactView::new(row, &mut belongings))))
}
