//! Creates, changes and archives custom fields.

use crate::{
    contacts::{
        ContactError, ContactResult, ContactService, segments,
        store::fields::{self as store, ContactField},
        text::{VALUE_LENGTH, clean},
    },
    db::Tx,
    domain::{Ctx, FieldType},
};

/// Fields of a tenant.
const MAX_FIELDS: usize = 100;
/// Choices of a field.
const MAX_CHOICES: usize = 200;
/// Characters of a key.
const KEY_LENGTH: usize = 40;

/// A field to create.
pub(crate) struct FieldDraft {
    pub key: String,
    /// The key, unless given.
    pub label: Option<String>,
    pub kind: FieldType,
    pub choices: Vec<String>,
    pub position: Option<i64>,
}

/// Changes of a field; `None` leaves a member as it is.
#[derive(Default)]
pub(crate) struct FieldUpdate {
    pub label: Option<String>,
    pub choices: Option<Vec<String>>,
    pub position: Option<i64>,
    pub archived: Option<bool>,
}

/// Lists the fields of the tenant.
pub(crate) async fn list(service: &ContactService, ctx: &Ctx) -> ContactResult<Vec<ContactField>> {
    let mut tx = service.db.begin_as(ctx.tenant).await?;
    let found = store::list(tx.on(), ctx.tenant).await?;
    tx.commit().await?;
    Ok(found)
}

/// Creates a field. Its key and type never change.
pub(crate) async fn create(service: &ContactService, ctx: &Ctx, draft: FieldDraft) -> ContactResult<ContactField> {
    if !is_key(&draft.key) {
        let why = format!("write a letter a to z, then letters, digits and _; at most {KEY_LENGTH} characters");
        return Err(ContactError::invalid("key", why));
    }
    let field = ContactField {
        label: label(draft.label.as_deref().unwrap_or(&draft.key))?,
        choices: choices(draft.kind, draft.choices)?,
        key: draft.key,
        kind: draft.kind,
        position: draft.position.unwrap_or(0),
        created_at: service.clock.now(),
        created_by: ctx.actor.to_string(),
        archived_at: None,
    };
    let insert = async |tx: &mut Tx| {
        if store::list(tx.on(), ctx.tenant).await?.len() >= MAX_FIELDS {
            return Err(ContactError::TooMany("fields", MAX_FIELDS));
        }
        match store::insert(tx.on(), ctx.tenant, &field).await? {
            true => Ok(()),
            false => Err(ContactError::Exists(format!("the field {:?}", field.key))),
        }
    };
    service.db.transaction_as(ctx.tenant, insert).await?;
    Ok(field)
}

/// Changes a field. What the filters of segments name of it has to stay.
pub(crate) async fn update(
    service: &ContactService,
    ctx: &Ctx,
    key: &str,
    change: FieldUpdate,
) -> ContactResult<ContactField> {
    let work = async |tx: &mut Tx| {
        let filters = segments::lock_catalogue(tx, ctx.tenant).await?;
        let all = store::list(tx.on(), ctx.tenant).await?;
        let found = all.into_iter().find(|it| it.key == key);
        let mut field = found.ok_or_else(|| ContactError::NotFound(format!("field {key:?}")))?;
        if let Some(text) = &change.label {
            field.label = label(text)?;
        }
        if let Some(given) = change.choices {
            field.choices = choices(field.kind, given)?;
        }
        if let Some(position) = change.position {
            field.position = position;
        }
        match change.archived {
            Some(true) => field.archived_at = Some(field.archived_at.unwrap_or(service.clock.now())),
            Some(false) => field.archived_at = None,
            None => {}
        }
        store::update(tx.on(), ctx.tenant, &field).await?;
        segments::require_readable(tx, ctx.tenant, &filters).await?;
        Ok(field)
    };
    service.db.transaction_as(ctx.tenant, work).await
}

/// Archives a field: its values stay, and nothing more is written to it.
pub(crate) async fn archive(service: &ContactService, ctx: &Ctx, key: &str) -> ContactResult<()> {
    let change = FieldUpdate {
        archived: Some(true),
        ..FieldUpdate::default()
    };
    update(service, ctx, key, change).await.map(drop)
}

/// Returns whether a text can be a key: SQLite's `->>` reads digits and dots as paths.
fn is_key(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|it| it.is_ascii_lowercase())
        && text.len() <= KEY_LENGTH
        && characters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
}

fn label(text: &str) -> ContactResult<String> {
    let label = clean(text);
    match text.chars().count() {
        1..=100 if !label.is_empty() => Ok(label),
        _ => Err(ContactError::invalid("label", "write 1 to 100 characters")),
    }
}

/// Returns the choices as they are stored; none for other types.
fn choices(kind: FieldType, given: Vec<String>) -> ContactResult<Option<String>> {
    let mut choices: Vec<String> = Vec::with_capacity(given.len());
    for choice in given {
        let choice = clean(&choice);
        if choice.is_empty() || choice.chars().count() > VALUE_LENGTH {
            return Err(ContactError::invalid("choices", "each has 1 to 1,000 characters"));
        }
        if !choices.iter().any(|it| it.to_lowercase() == choice.to_lowercase()) {
            choices.push(choice);
        }
    }
    match (kind, choices.len()) {
        (FieldType::Choice, 1..=MAX_CHOICES) => Ok(serde_json::to_string(&choices).ok()),
        (FieldType::Choice, _) => Err(ContactError::invalid("choices", format!("give 1 to {MAX_CHOICES}"))),
        (_, 0) => Ok(None),
        _ => Err(ContactError::invalid(
            "choices",
            "only a field of the type choice has them",
        )),
    }
}
