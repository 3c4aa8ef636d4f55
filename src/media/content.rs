//! The bytes of media, for whoever may read them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::named;
use crate::{
    db::{On, Result},
    domain::{Id, MediaId, TenantId, WorkState},
    media::store::{self, Media},
    storage::StorageKey,
};

/// A smaller picture of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = MediaVariant)]
pub enum Variant {
    /// Within 200 by 200 pixels.
    Thumbnail,
    /// Within 600 by 600 pixels.
    Medium,
}

impl Variant {
    pub const ALL: [Variant; 2] = [Variant::Thumbnail, Variant::Medium];

    pub const fn as_str(self) -> &'static str {
        match self {
            Variant::Thumbnail => "thumbnail",
            Variant::Medium => "medium",
        }
    }

    /// The longest side, in pixels.
    pub const fn side(self) -> u32 {
        match self {
            Variant::Thumbnail => 200,
            Variant::Medium => 600,
        }
    }
}

/// What is known of a variant that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantInfo {
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    pub width: u32,
    pub height: u32,
}

/// The variants that were made of an image; none of anything else, or not yet.
pub fn variants_of(media: &Media) -> BTreeMap<Variant, VariantInfo> {
    let text = media.variants.as_deref().unwrap_or("{}");
    serde_json::from_str(text).unwrap_or_default()
}

/// A file in the store, as a reader gets it.
#[derive(Clone, Debug)]
pub struct Content {
    pub key: StorageKey,
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    /// Changes with the bytes; without quotes.
    pub etag: String,
    /// One that does not contradict the type.
    pub filename: Option<String>,
}

/// Why there is nothing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentError {
    Unknown,
    /// It is being fetched.
    NotYet,
    /// It could not be had.
    Failed(Option<String>),
    Deleted,
    /// It has no such variant, or not yet.
    NoVariant,
}

/// Finds what a reader asks for.
pub async fn content(
    on: impl Into<On<'_>>,
    tenant: TenantId,
    id: MediaId,
    variant: Option<Variant>,
) -> Result<std::result::Result<Content, ContentError>> {
    let found = store::find(on, tenant, id).await?;
    Ok(found.ok_or(ContentError::Unknown).and_then(|media| of(media, variant)))
}

pub(super) fn of(media: Media, variant: Option<Variant>) -> std::result::Result<Content, ContentError> {
    let variants = variants_of(&media);
    if media.deleted_at.is_some() {
        return Err(ContentError::Deleted);
    }
    let (Some(file), Some(digest)) = (media.file_id, media.digest) else {
        return Err(match WorkState::parse(&media.state) {
            Some(WorkState::Pending | WorkState::Running) => ContentError::NotYet,
            _ => ContentError::Failed(media.last_error),
        });
    };
    let original = StorageKey::of(media.tenant_id.uuid(), file.uuid());
    let etag = hex::encode(digest);
    let Some(variant) = variant else {
        let mime_type = media.mime_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        return Ok(Content {
            key: original,
            filename: media.filename.as_deref().and_then(|name| named(name, &mime_type)),
            mime_type,
            size: u64::try_from(media.size.unwrap_or(0)).unwrap_or(0),
            etag,
        });
    };
    let made = variants.get(&variant).ok_or(ContentError::NoVariant)?;
    Ok(Content {
        key: original.derived(variant.as_str()),
        mime_type: made.mime_type.clone(),
        size: made.size,
        etag: format!("{etag}-{}", variant.as_str()),
        filename: None,
    })
}
