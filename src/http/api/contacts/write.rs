//! Creates, changes, archives and merges contacts.

use axum::{
    Json as Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    consents::NewConsentStatement,
    detail::{self, ContactWithStanding, ETag},
};
use crate::{
    app::App,
    contacts::{
        self as verbs, MAX_TAGS_OF_CONTACT,
        write::{self as verb, ContactInput, ContactKey, Given, NameChange, ProfileUpdate, WriteMode},
    },
    domain::{ContactId, perm},
    http::{
        auth::{May, TenantAccess},
        extract::{Json, Path, given},
        problem::Problem,
    },
    messaging::accept::Address,
};

/// What is said of a contact. Members that are left out stay as they are; null clears one.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactMembers {
    /// A phone number with the country code, as people write it. It is added to those that the contact has.
    #[schema(example = "+49 151 23456789")]
    phone: Option<String>,
    /// Meta's business-scoped user id.
    user_id: Option<String>,
    /// The name that you give; the profile name in WhatsApp is kept beside it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    given_name: Given,
    /// Your own id of the contact; unique.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 200)]
    external_id: Given,
    /// As in `en` or `pt_BR`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    language: Given,
    /// Two letters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    country: Given,
    /// As in `Europe/Berlin`.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    time_zone: Given,
    /// Custom fields by key: a text, a number or a boolean; null clears one.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "city": "Pune", "age": 34 }))]
    fields: Map<String, Value>,
    /// Names of tags to add; new ones are created.
    #[serde(default)]
    tags: Vec<String>,
    /// Names of tags to take off.
    #[serde(default)]
    remove_tags: Vec<String>,
    /// Names of lists to put the contact on; new ones are created.
    #[serde(default)]
    lists: Vec<String>,
    /// Names of lists to take the contact off.
    #[serde(default)]
    remove_lists: Vec<String>,
    /// Archives the contact, or brings it back.
    archived: Option<bool>,
    /// Statements about what the contact allows, with their proof.
    #[serde(default)]
    consents: Vec<NewConsentStatement>,
}

/// Statements of consent in one request.
const MAX_CONSENTS: usize = 20;

impl ContactMembers {
    pub(super) fn input(self, caller: &TenantAccess, key: ContactKey) -> Result<ContactInput, Problem> {
        let mut input = ContactInput::of(key);
        if let Some(phone) = &self.phone {
            input.identities.push(("phone", digits(phone, "phone")?));
        }
        if let Some(user_id) = &self.user_id {
            let id = Address::user_id(user_id)
                .map_err(|why| Problem::invalid_field("user_id", format!("user_id: {why}."), None))?;
            input.identities.push(("user_id", id.value()));
        }
        let too_many = |name: &'static str, limit: usize| {
            Problem::invalid_field(name, format!("{name}: at most {limit} at a time."), Some(limit as u64))
        };
        for (name, names) in [
            ("tags", &self.tags),
            ("lists", &self.lists),
            ("remove_tags", &self.remove_tags),
            ("remove_lists", &self.remove_lists),
        ] {
            if names.len() > MAX_TAGS_OF_CONTACT {
                return Err(too_many(name, MAX_TAGS_OF_CONTACT));
            }
        }
        if self.consents.len() > MAX_CONSENTS {
            return Err(too_many("consents", MAX_CONSENTS));
        }
        input.change = ProfileUpdate {
            given_name: self.given_name,
            external_id: self.external_id,
            language: self.language,
            country: self.country,
            time_zone: self.time_zone,
            fields: self.fields.into_iter().collect(),
        };
        input.tags = NameChange {
            add: self.tags,
            remove: self.remove_tags,
        };
        input.lists = NameChange {
            add: self.lists,
            remove: self.remove_lists,
        };
        input.archived = self.archived;
        for statement in self.consents {
            input.consents.push(statement.checked(caller)?);
        }
        Ok(input)
    }
}

/// Returns the digits of a phone number as people write it.
fn digits(phone: &str, field: &'static str) -> Result<String, Problem> {
    let address =
        Address::phone(phone).map_err(|why| Problem::invalid_field(field, format!("{field}: {why}."), None))?;
    Ok(address.value())
}

/// Create a contact
///
/// Give a `phone`, a `user_id` or an `external_id`. Fails with `contact-exists` if somebody has one of them, also in another national form of
/// the number.
#[utoipa::path(post, path = "/api/v1/contacts", request_body = ContactMembers,
    responses((status = 201, description = "Created", body = ContactWithStanding)))]
pub async fn create(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Json(members): Json<ContactMembers>,
) -> Result<(StatusCode, ETag, Body<ContactWithStanding>), Problem> {
    let input = members.input(&caller, ContactKey::Identities)?;
    let written = verb::write_one(&app.contacts, &caller, WriteMode::Create, input).await?;
    let (etag, body) = detail::read(&caller, written.contact).await?;
    Ok((StatusCode::CREATED, etag, body))
}

/// Update a contact
///
/// Members that are left out stay as they are. With the header `If-Match`, the `ETag` of the contact as you have seen it, a change that
/// somebody else made meanwhile is answered with 412.
#[utoipa::path(patch, path = "/api/v1/contacts/{id}", params(("id" = ContactId, Path),
    ("if-match" = Option<String>, Header, description = "The `ETag` of the contact")), request_body = ContactMembers,
    responses((status = 200, description = "Changed", body = ContactWithStanding)))]
pub async fn change(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<ContactId>,
    headers: HeaderMap,
    Json(members): Json<ContactMembers>,
) -> Result<(ETag, Body<ContactWithStanding>), Problem> {
    let mut input = members.input(&caller, ContactKey::Id(id))?;
    input.version = if_match(&headers)?;
    verb::write_one(&app.contacts, &caller, WriteMode::Update, input).await?;
    detail::read(&caller, id).await
}

/// Returns the version that the header names.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    match bare {
        "*" => Ok(None),
        _ => bare
            .parse()
            .map(Some)
            .map_err(|_| Problem::invalid("The header If-Match must be the ETag of an answer, such as \"7\".")),
    }
}

/// Archive a contact
///
/// It is hidden from lists and segments. A message from it brings it back.
#[utoipa::path(delete, path = "/api/v1/contacts/{id}", params(("id" = ContactId, Path)),
    responses((status = 204, description = "Archived")))]
pub async fn archive(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<ContactId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let mut input = ContactInput::of(ContactKey::Id(id));
    input.archived = Some(true);
    input.version = if_match(&headers)?;
    verb::write_one(&app.contacts, &caller, WriteMode::Update, input).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a contact is found by.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContactBy {
    Phone,
    UserId,
    ExternalId,
}

/// Create or update a contact by an identity
///
/// `kind` is `phone`, `user_id` or `external_id`. Another national form of a number that a contact has means that contact.
#[utoipa::path(put, path = "/api/v1/contacts/by/{kind}/{value}",
    params(("kind" = inline(ContactBy), Path), ("value" = String, Path)), request_body = ContactMembers,
    responses((status = 200, description = "Updated, or nothing to change", body = ContactWithStanding),
        (status = 201, description = "Created", body = ContactWithStanding)))]
pub async fn upsert(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path((kind, value)): Path<(ContactBy, String)>,
    Json(mut members): Json<ContactMembers>,
) -> Result<(StatusCode, ETag, Body<ContactWithStanding>), Problem> {
    match kind {
        ContactBy::Phone => members.phone = Some(value),
        ContactBy::UserId => members.user_id = Some(value),
        ContactBy::ExternalId => members.external_id = Some(Some(value)),
    }
    let input = members.input(&caller, ContactKey::Identities)?;
    let written = verb::write_one(&app.contacts, &caller, WriteMode::Upsert, input).await?;
    let (etag, body) = detail::read(&caller, written.contact).await?;
    let status = if written.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, etag, body))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactMergeRequest {
    /// The contact that ends: everything of it goes to the other one, and its id leads there.
    from: ContactId,
}

/// Merge two contacts
///
/// Conversations, messages, tags and consents of both become those of the contact in the path, which keeps its own values where both have one.
/// There is no way back.
#[utoipa::path(post, path = "/api/v1/contacts/{id}/merge", params(("id" = ContactId, Path)), request_body = ContactMergeRequest,
    responses((status = 200, description = "Merged", body = ContactWithStanding)))]
pub async fn merge(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Path(id): Path<ContactId>,
    Json(request): Json<ContactMergeRequest>,
) -> Result<(ETag, Body<ContactWithStanding>), Problem> {
    verbs::merge(&app.contacts, &caller, request.from, id).await?;
    detail::read(&caller, id).await
}
