//! One contact with everything that decides whether it can be written to.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, header},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Belongings, ContactView};
use crate::{
    contacts::store::consents,
    domain::{ChannelId, ConsentPurpose, ConsentStatus, ContactId, ConversationId, Id, perm},
    http::{
        auth::{May, TenantAccess},
        extract::Path,
        problem::Problem,
    },
    messaging::store::blocks,
    records::{contacts, conversations},
};

/// A contact with what it allows, and where it can be written to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactWithStanding {
    #[serde(flatten)]
    contact: ContactView,
    /// What the contact allows and refuses at present.
    consents: Vec<PresentConsentView>,
    /// The conversations of the contact, one per channel.
    channels: Vec<ContactChannel>,
}

/// What a contact allows or refuses at present.
#[derive(Serialize, ToSchema)]
#[schema(as = PresentConsent)]
struct PresentConsentView {
    /// `marketing`, or `all` but one-time codes and answers.
    #[schema(value_type = String)]
    purpose: ConsentPurpose,
    /// Null is all channels.
    #[schema(required)]
    channel_id: Option<ChannelId>,
    #[schema(value_type = String)]
    status: ConsentStatus,
    since: DateTime<Utc>,
}

/// How a contact can be written to on a channel.
#[derive(Serialize, ToSchema)]
struct ContactChannel {
    channel_id: ChannelId,
    /// Null if there is none yet.
    #[schema(required)]
    conversation_id: Option<ConversationId>,
    /// The end of the service window; null if the customer never wrote or called.
    #[schema(required)]
    window_expires_at: Option<DateTime<Utc>>,
    /// Whether the business has blocked the contact.
    blocked: bool,
}

/// The version of a contact or segment as a header.
pub(crate) type ETag = [(HeaderName, HeaderValue); 1];

pub(crate) fn etag(version: i64) -> ETag {
    let value = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits are a header value");
    [(header::ETAG, value)]
}

/// Show a contact
///
/// Includes what it allows and refuses, and its conversations. The id of a contact that was merged into another one is answered with 308 and
/// the address of that one.
#[utoipa::path(get, path = "/api/v1/contacts/{id}", params(("id" = ContactId, Path)),
    responses((status = 200, description = "The contact", body = ContactWithStanding)))]
pub async fn show(
    caller: May<perm::ContactsRead>,
    Path(id): Path<ContactId>,
) -> Result<(ETag, Json<ContactWithStanding>), Problem> {
    read(&caller, id).await
}

/// Reads a contact as it is now.
pub(super) async fn read(caller: &TenantAccess, id: ContactId) -> Result<(ETag, Json<ContactWithStanding>), Problem> {
    let mut tx = caller.begin().await?;
    let found = contacts::find(tx.on(), caller.tenant, id).await?;
    let row = found.ok_or_else(|| Problem::not_found(format_args!("contact {id}")))?;
    let mut belongings = Belongings::read(&mut tx, caller.tenant, &[id]).await?;
    let allowed = consents::present(tx.on(), caller.tenant, id).await?;
    let conversations = conversations::of_contact(tx.on(), caller.tenant, id).await?;
    let blocked = blocks::of_contact(tx.on(), caller.tenant, id).await?;
    tx.commit().await?;
    let consent = |it: consents::PresentConsent| PresentConsentView {
        purpose: it.purpose,
        channel_id: Some(it.channel_id).filter(|it| !it.uuid().is_nil()),
        status: it.status,
        since: it.since,
    };
    let mut channels: Vec<ContactChannel> = conversations
        .into_iter()
        .map(|(conversation, channel, window)| ContactChannel {
            channel_id: channel,
            conversation_id: Some(conversation),
            window_expires_at: window,
            blocked: blocked.contains(&channel),
        })
        .collect();
    for channel_id in blocked {
        if !channels.iter().any(|it| it.channel_id == channel_id) {
            channels.push(ContactChannel {
                channel_id,
                conversation_id: None,
                window_expires_at: None,
                blocked: true,
            });
        }
    }
    let tag = etag(row.version);
    let shown = ContactWithStanding {
        contact: ContactView::new(row, &mut belongings),
        consents: allowed.into_iter().map(consent).collect(),
        channels,
    };
    Ok((tag, Json(shown)))
}
