//! Contacts with their identities.

use std::collections::HashMap;

use axum::Json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    db::Tx,
    domain::{ContactId, TenantId, perm},
    http::{
        auth::May,
        extract::{Path, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    records::{contacts, conversations::SearchTerm},
};

const LIST: &str = "contacts";

/// A person or a group. Since 2026 a person may have no phone number: `identities` holds every identity, and the other fields the newest of
/// each kind still in use.
#[derive(Serialize, ToSchema)]
#[schema(as = Contact)]
pub(crate) struct ContactView {
    pub id: ContactId,
    /// `person` or `group`.
    pub kind: String,
    /// The profile name in WhatsApp.
    #[schema(required)]
    pub name: Option<String>,
    /// Digits, with the country code.
    #[schema(required)]
    pub phone: Option<String>,
    /// Meta's business-scoped user id.
    #[schema(required)]
    pub user_id: Option<String>,
    /// The user id across the businesses of one portfolio.
    #[schema(required)]
    pub parent_user_id: Option<String>,
    #[schema(required)]
    pub username: Option<String>,
    /// Whether the contact has opted out of marketing messages from this business.
    pub marketing_stopped: bool,
    pub identities: Vec<IdentityView>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An address or name that a contact has or had.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    /// `phone`, `user_id`, `parent_user_id`, `username` or `group`.
    pub kind: String,
    pub value: String,
    /// When it ceased to be the contact's, e.g. when a number was changed; null while it is in use.
    #[schema(required)]
    pub retired_at: Option<DateTime<Utc>>,
    /// Messages to the contact that could not be delivered (131026 and the like). Counted over all identities in use, whichever the messages
    /// were sent to; for a retired identity, only messages sent to it. Null where there was none.
    #[schema(required)]
    pub undeliverable: Option<Undeliverable>,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Undeliverable {
    /// The number of such messages, ever.
    pub count: i64,
    pub last_at: DateTime<Utc>,
    /// Meta's error code of the last.
    #[schema(required)]
    pub code: Option<i64>,
}

impl ContactView {
    fn new(row: contacts::Contact, identities: Vec<contacts::IdentityRecord>) -> Self {
        let newest = |kind| in_use(&identities, kind);
        Self {
            id: row.id,
            kind: row.kind,
            name: row.name,
            phone: newest("phone"),
            user_id: newest("user_id"),
            parent_user_id: newest("parent_user_id"),
            username: newest("username"),
            marketing_stopped: row.marketing_stopped,
            identities: identity_views(identities),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Converts the identities of a contact. A failed delivery concerns the person, so all identities in use show the same count.
fn identity_views(known: Vec<contacts::IdentityRecord>) -> Vec<IdentityView> {
    let in_use = known.iter().filter(|it| it.retired_at.is_none());
    let all = in_use.filter_map(Undeliverable::of).reduce(Undeliverable::and);
    let identity = |it: contacts::IdentityRecord| IdentityView {
        undeliverable: match it.retired_at {
            None => all,
            Some(_) => Undeliverable::of(&it),
        },
        kind: it.kind,
        value: it.value,
        retired_at: it.retired_at,
    };
    known.into_iter().map(identity).collect()
}

impl Undeliverable {
    fn of(known: &contacts::IdentityRecord) -> Option<Self> {
        known.undeliverable_at.map(|last_at| Self {
            count: known.undeliverable_count,
            last_at,
            code: known.undeliverable_code,
        })
    }

    fn and(self, other: Self) -> Self {
        let last = if self.last_at >= other.last_at { self } else { other };
        Self {
            count: self.count + other.count,
            ..last
        }
    }
}

/// Returns the newest identity of a kind that is not retired; `identities` is sorted newest first.
pub(crate) fn in_use(identities: &[contacts::IdentityRecord], kind: &str) -> Option<String> {
    let mut used = identities
        .iter()
        .filter(|one| one.kind == kind && one.retired_at.is_none());
    used.next().map(|one| one.value.clone())
}

/// Loads the identities of several contacts.
pub async fn identities(
    tx: &mut Tx,
    tenant: TenantId,
    ids: &[ContactId],
) -> sqlx::Result<HashMap<ContactId, Vec<contacts::IdentityRecord>>> {
    let mut by_contact: HashMap<_, Vec<_>> = HashMap::new();
    for identity in contacts::list_identities(tx.on(), tenant, ids).await? {
        by_contact.entry(identity.contact_id).or_default().push(identity);
    }
    Ok(by_contact)
}

/// Selects the contacts of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListContactsQuery {
    /// The contact with this phone number, as people write it.
    #[param(example = "+49 151 23456789")]
    phone: Option<String>,
    /// Contacts whose name, number or user name begins with this; at most 1,000 are found.
    search: Option<String>,
}

/// List contacts
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/contacts", params(PagingParams, ListContactsQuery),
    responses((status = 200, description = "A page of contacts", body = Page<ContactView>)))]
pub async fn list(
    caller: May<perm::ContactsRead>,
    paging: Paging,
    Query(query): Query<ListContactsQuery>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let before = paging.key(LIST)?;
    let (tenant, limit) = (caller.tenant, paging.rows());
    let term = query.search.as_deref().and_then(SearchTerm::parse);
    if query.phone.is_some() && term.is_some() {
        return Err(Problem::invalid("Give either `phone` or `search`."));
    }
    let mut tx = caller.begin().await?;
    let rows = match (&query.phone, &term) {
        (Some(phone), _) => {
            let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
            let found = contacts::with_phone(tx.on(), tenant, &digits).await?;
            found
                .into_iter()
                .filter(|row| before.is_none_or(|before| row.id < before))
                .collect()
        }
        (None, Some(term)) => contacts::search(tx.on(), tenant, term, before, limit).await?,
        (None, None) => contacts::list(tx.on(), tenant, false, before, limit).await?,
    };
    let page = Page::new(&paging, LIST, rows, |row| row.id);
    let ids: Vec<ContactId> = page.data.iter().map(|row| row.id).collect();
    let mut known_by = identities(&mut tx, caller.tenant, &ids).await?;
    tx.commit().await?;
    Ok(Json(page.map(|row| {
        let identities = known_by.remove(&row.id).unwrap_or_default();
        ContactView::new(row, identities)
    })))
}

/// Show a contact
#[utoipa::path(get, path = "/api/v1/contacts/{id}", params(("id" = ContactId, Path)),
    responses((status = 200, description = "The contact", body = ContactView)))]
pub async fn show(caller: May<perm::ContactsRead>, Path(id): Path<ContactId>) -> Result<Json<ContactView>, Problem> {
    let mut tx = caller.begin().await?;
    let found = contacts::find(tx.on(), caller.tenant, id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("contact {id}")))?;
    let identities = contacts::list_identities(tx.on(), caller.tenant, &[id]).await?;
    tx.commit().await?;
    Ok(Json(ContactView::new(row, identities)))
}
