//! Generates the variants of stored images. A broken or too large image is a result like any other, not a failure: it came from a customer,
//! and the operator cannot do anything.

use std::collections::BTreeMap;

use super::{
    Variant, VariantInfo,
    picture::{self, Pictures, RenderedVariant},
};
use crate::{
    db,
    domain::{Id, MediaFileId},
    media::MEDIA_VARIANTS,
    media::MediaService,
    media::store::{self, CompletedVariants},
    queue::{Outcome, counts},
    storage::{self, StorageKey},
};

/// Maximum size of a file, in bytes: Meta's images have at most 5 MB, and larger ones sent as documents need no thumbnail.
const MAX_BYTES: u64 = 20 * 1024 * 1024;

enum VariantsError {
    Transient(String),
    Database(sqlx::Error),
}

/// Result of rendering an image.
enum Rendering {
    Variants(Pictures),
    /// Permanently without variants, with the reason.
    None(String),
}

/// Generates the variants of a leased file. Fails only on database errors.
pub(crate) async fn make_variants(service: &MediaService, id: MediaFileId) -> db::Result<Outcome> {
    let (outcome, label) = match try_make(service, id).await {
        Ok(label) => (Outcome::Settled, label),
        Err(VariantsError::Transient(error)) => (Outcome::retry(error), "retry"),
        Err(VariantsError::Database(error)) => return Err(error),
    };
    metrics::counter!("mainstay_media_variants_total", "outcome" => label).increment(1);
    Ok(outcome)
}

async fn try_make(service: &MediaService, id: MediaFileId) -> Result<&'static str, VariantsError> {
    let wanted = store::find_leased_file(service.db.reader(), id).await;
    let Some((tenant, attempt, size)) = wanted.map_err(VariantsError::Database)? else {
        return Ok("made");
    };
    let original = StorageKey::of(tenant.uuid(), id.uuid());
    let mut completed = CompletedVariants {
        tenant,
        id,
        attempt,
        size: None,
        variants: "{}".to_owned(),
        error: None,
    };
    let label = match make(service, &original, size).await? {
        Rendering::Variants(Pictures { width, height, smaller }) => {
            let mut variants = BTreeMap::new();
            for picture in smaller {
                let (variant, info) = store(service, &original, picture).await?;
                variants.insert(variant, info);
            }
            completed.size = Some((width, height));
            completed.variants = serde_json::to_string(&variants).expect("text and numbers always serialise");
            "made"
        }
        Rendering::None(why) => {
            completed.error = Some(why);
            "unfit"
        }
    };
    complete(service, &completed).await.map_err(VariantsError::Database)?;
    Ok(label)
}

async fn make(service: &MediaService, original: &StorageKey, size: i64) -> Result<Rendering, VariantsError> {
    if u64::try_from(size).is_ok_and(|size| size > MAX_BYTES) {
        return Ok(Rendering::None(format!("it is longer than {MAX_BYTES} bytes")));
    }
    let bytes = match service.storage.load(original, MAX_BYTES).await {
        Ok(bytes) => bytes,
        Err(error @ storage::Error::TooLarge { .. }) => return Ok(Rendering::None(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    Ok(match tokio::task::spawn_blocking(move || picture::make(&bytes)).await {
        Ok(Ok(pictures)) => Rendering::Variants(pictures),
        Ok(Err(error)) => Rendering::None(error.to_string()),
        // A decoder bug, which would recur with this image.
        Err(panic) => Rendering::None(panic.to_string()),
    })
}

/// Stores a variant. Needs no scheduled removal: the file's row is leased, and the variants are removed with the file.
async fn store(
    service: &MediaService,
    original: &StorageKey,
    picture: RenderedVariant,
) -> Result<(Variant, VariantInfo), VariantsError> {
    let info = VariantInfo {
        mime_type: picture.mime_type.to_owned(),
        size: picture.bytes.len() as u64,
        width: picture.width,
        height: picture.height,
    };
    let key = original.derived(picture.variant.as_str());
    service.storage.put(&key, picture.bytes.into()).await?;
    Ok((picture.variant, info))
}

async fn complete(service: &MediaService, made: &CompletedVariants) -> db::Result<()> {
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    let ended = store::complete_variants(tx.on(), made, now).await?;
    counts::add(tx.on(), &MEDIA_VARIANTS, now, ended.cast_signed(), 0).await?;
    tx.commit().await
}

impl From<storage::Error> for VariantsError {
    fn from(error: storage::Error) -> Self {
        metrics::counter!("mainstay_storage_failures_total", "what" => "variants").increment(1);
        Self::Transient(error.to_string())
    }
}
