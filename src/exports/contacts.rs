//! Contacts of an export.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    error::ExportError,
    sheet::ExportValue,
    source::{PAGE, SourcePage},
};
use crate::{
    contacts::{
        ContactError,
        import::join_names,
        segments::{
            language::{Filter, parse},
            read_catalogue,
        },
        store::{
            exports::{self, ExportedTag},
            fields::{self, ContactField},
            segments::selected_among,
        },
    },
    db::{On, Result, Tx},
    domain::{ConsentPurpose, ContactId, FieldType, Id, TagKind, TenantId},
    records::contacts::Contact,
};

/// The columns before the custom fields. An import knows those up to `lists` by these names, and leaves the others out.
const BEFORE: &[&str] = &[
    "id",
    "phone",
    "user_id",
    "external_id",
    "name",
    "language",
    "country",
    "time_zone",
    "tags",
    "lists",
];
/// The columns after the custom fields.
const AFTER: &[&str] = &[
    "profile_name",
    "username",
    "marketing_stopped",
    "consent.marketing",
    "consent.all",
    "source",
    "created_at",
    "updated_at",
    "archived_at",
];

/// Returns the names of the columns: a custom field is `fields.KEY`.
pub(super) fn columns(fields: &[ContactField]) -> Vec<String> {
    let custom = fields.iter().map(|it| format!("fields.{}", it.key));
    let own = |names: &'static [&'static str]| names.iter().map(|name| (*name).to_owned());
    own(BEFORE).chain(custom).chain(own(AFTER)).collect()
}

/// Contacts of a tenant, the oldest first.
pub(super) struct ContactSource {
    /// The custom fields in use.
    pub fields: Vec<ContactField>,
    archived: bool,
    /// The filter, and the time from which its spans count.
    filter: Option<(Filter, DateTime<Utc>)>,
    after: ContactId,
}

impl ContactSource {
    /// Fails where the filter is none, or none any more.
    pub async fn begin(
        tx: &mut Tx,
        tenant: TenantId,
        archived: bool,
        filter: Option<&str>,
        now: DateTime<Utc>,
    ) -> std::result::Result<Self, ExportError> {
        let filter = match filter {
            None => None,
            Some(text) => {
                let known = read_catalogue(tx, tenant).await?;
                let filter = parse(text, &known, None).map_err(|error| ContactError::Filter("filter", error))?;
                Some((filter, now))
            }
        };
        Ok(Self {
            fields: catalogue(tx.on(), tenant).await?,
            archived,
            filter,
            after: ContactId::from_uuid(Uuid::nil()),
        })
    }

    pub async fn read(&mut self, tx: &mut Tx, tenant: TenantId) -> Result<SourcePage> {
        let (rows, last) = page(tx, tenant, &self.fields, self.archived, self.after, PAGE).await?;
        let is_last = (rows.len() as i64) < PAGE;
        let first = rows.first().map(|it| it.0);
        let selected = match (&self.filter, first, last) {
            (Some((filter, now)), Some(first), Some(last)) => {
                Some(selected_among(tx, tenant, filter, [first, last], *now).await?)
            }
            _ => None,
        };
        self.after = last.unwrap_or(self.after);
        let is_selected = |id: &ContactId| selected.as_ref().is_none_or(|it| it.contains(id));
        let rows = rows.into_iter().filter(|(id, _)| is_selected(id));
        Ok(SourcePage {
            rows: rows.map(|(_, row)| row).collect(),
            is_last,
        })
    }
}

/// Reads the custom fields in use.
async fn catalogue(on: On<'_>, tenant: TenantId) -> Result<Vec<ContactField>> {
    let mut fields = fields::list(on, tenant).await?;
    fields.retain(|it| it.archived_at.is_none());
    Ok(fields)
}

/// The rows of contacts by their ids, and the last of these.
type ContactRows = (Vec<(ContactId, Vec<ExportValue>)>, Option<ContactId>);

/// Reads a page of contacts after one, the oldest first.
async fn page(
    tx: &mut Tx,
    tenant: TenantId,
    fields: &[ContactField],
    archived: bool,
    after: ContactId,
    limit: i64,
) -> Result<ContactRows> {
    let contacts = exports::contacts(tx.on(), tenant, archived, after, limit).await?;
    let Some(last) = contacts.last().map(|it| it.id) else {
        return Ok((Vec::new(), None));
    };
    let mut details = Details::default();
    for it in exports::identities(tx.on(), tenant, after, last).await? {
        details.of(it.contact_id).identities.entry(it.kind).or_insert(it.value);
    }
    for it in exports::tags(tx.on(), tenant, after, last).await? {
        details.of(it.contact_id).tags.push(it);
    }
    for (contact, purpose, status) in exports::consents(tx.on(), tenant, after, last).await? {
        details.of(contact).consents.insert(purpose, status);
    }
    let rows = contacts.into_iter().map(|it| {
        let found = details.0.remove(&it.id).unwrap_or_default();
        (it.id, row(it, found, fields))
    });
    Ok((rows.collect(), Some(last)))
}

/// What is kept of contacts in other tables.
#[derive(Default)]
struct Details(HashMap<ContactId, ContactDetails>);

impl Details {
    fn of(&mut self, id: ContactId) -> &mut ContactDetails {
        self.0.entry(id).or_default()
    }
}

#[derive(Default)]
struct ContactDetails {
    /// The newest of each kind.
    identities: HashMap<String, String>,
    tags: Vec<ExportedTag>,
    consents: HashMap<ConsentPurpose, String>,
}

impl ContactDetails {
    fn names(&self, kind: TagKind) -> ExportValue {
        let of = self.tags.iter().filter(|it| it.kind == kind);
        let joined = join_names(of.map(|it| it.name.as_str()));
        ExportValue::from(Some(joined).filter(|it| !it.is_empty()))
    }
}

fn row(contact: Contact, mut of: ContactDetails, fields: &[ContactField]) -> Vec<ExportValue> {
    let (tags, lists) = (of.names(TagKind::Contact), of.names(TagKind::List));
    let mut identity = |kind: &str| of.identities.remove(kind);
    let profile = contact.profile;
    let mut row = vec![
        ExportValue::Text(contact.id.to_string()),
        identity("phone").map(|digits| format!("+{digits}")).into(),
        identity("user_id").into(),
        profile.external_id.into(),
        profile.given_name.into(),
        profile.language.into(),
        profile.country.into(),
        profile.time_zone.into(),
        tags,
        lists,
    ];
    let mut values = profile.fields.0;
    row.extend(fields.iter().map(|field| value(field.kind, values.remove(&field.key))));
    let username = identity("username");
    let mut consent = |purpose| ExportValue::from(of.consents.remove(&purpose));
    row.extend([
        contact.name.into(),
        username.into(),
        ExportValue::Flag(contact.marketing_stopped),
        consent(ConsentPurpose::Marketing),
        consent(ConsentPurpose::All),
        contact.source.into(),
        ExportValue::Time(contact.created_at),
        ExportValue::Time(contact.updated_at),
        contact.archived_at.into(),
    ]);
    row
}

fn value(kind: FieldType, stored: Option<String>) -> ExportValue {
    match (kind, stored) {
        (_, None) => ExportValue::Nothing,
        (FieldType::Number, Some(text)) => ExportValue::Decimal(text),
        (FieldType::Boolean, Some(text)) => ExportValue::Flag(text == "true"),
        (_, Some(text)) => ExportValue::Text(text),
    }
}
