//! Finds the file behind media for reading.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::safe_name;
use crate::{
    db::{On, Result},
    domain::{Id, MediaId, TenantId, WorkState},
    media::store::{self, StoredMedia},
    storage::StorageKey,
};

/// A downscaled version of an image.
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

    /// Returns the maximum side length in pixels.
    pub const fn side(self) -> u32 {
        match self {
            Variant::Thumbnail => 200,
            Variant::Medium => 600,
        }
    }
}

/// Metadata of a generated variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantInfo {
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    pub width: u32,
    pub height: u32,
}

/// Returns the generated variants of an image; empty for other media, and before they are generated.
pub fn variants_of(media: &StoredMedia) -> BTreeMap<Variant, VariantInfo> {
    let text = media.variants.as_deref().unwrap_or("{}");
    serde_json::from_str(text).unwrap_or_default()
}

/// A stored file to be read.
#[derive(Clone, Debug)]
pub struct MediaFile {
    pub key: StorageKey,
    pub mime_type: String,
    /// In bytes.
    pub size: u64,
    /// Changes with the bytes; unquoted.
    pub etag: String,
    /// A name whose extension agrees with the type.
    pub filename: Option<String>,
}

/// Reason why media cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentError {
    Unknown,
    /// Still being fetched.
    NotYet,
    /// The fetch failed.
    Failed(Option<String>),
    Deleted,
    /// Has no such variant, or not yet.
    NoVariant,
}

/// Finds the file of media, or of one of its variants.
pub async fn content(
    on: On<'_>,
    tenant: TenantId,
    id: MediaId,
    variant: Option<Variant>,
) -> Result<std::result::Result<MediaFile, ContentError>> {
    let found = store::find(on, tenant, id).await?;
    Ok(found
        .ok_or(ContentError::Unknown)
        .and_then(|media| file_of(media, variant)))
}

pub(super) fn file_of(media: StoredMedia, variant: Option<Variant>) -> std::result::Result<MediaFile, ContentError> {
    let variants = variants_of(&media);
    if media.deleted_at.is_some() {
        return Err(ContentError::Deleted);
    }
    let (Some(file), Some(digest)) = (media.file_id, media.digest) else {
        return Err(match media.state {
            WorkState::Pending | WorkState::Running => ContentError::NotYet,
            _ => ContentError::Failed(media.last_error),
        });
    };
    let original = StorageKey::of(media.tenant_id.uuid(), file.uuid());
    let etag = hex::encode(digest);
    let Some(variant) = variant else {
        let mime_type = media.mime_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        return Ok(MediaFile {
            key: original,
            filename: media.filename.as_deref().and_then(|name| safe_name(name, &mime_type)),
            mime_type,
            size: u64::try_from(media.size.unwrap_or(0)).unwrap_or(0),
            etag,
        });
    };
    let made = variants.get(&variant).ok_or(ContentError::NoVariant)?;
    Ok(MediaFile {
        key: original.derived(variant.as_str()),
        mime_type: made.mime_type.clone(),
        size: made.size,
        etag: format!("{etag}-{}", variant.as_str()),
        filename: None,
    })
}
