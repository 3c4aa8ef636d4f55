//! Thumbnails and the like, made when an image is stored. That a picture has none, because it is broken or too large, is a result like another:
//! it came from a customer, and there is nothing for the operator to do.

use std::collections::BTreeMap;

use super::{
    Variant, VariantInfo,
    picture::{self, Pictures, Smaller},
};
use crate::{
    db,
    domain::{Id, MediaFileId},
    media::MEDIA_VARIANTS,
    media::MediaService,
    media::store::{self, Pictured},
    queue::{Outcome, counts},
    storage::{self, StorageKey},
};

/// The longest file that is read for this, in bytes: Meta's images have at most 5 MB, and larger pictures sent as documents need no
/// thumbnail.
const LONGEST: u64 = 20 * 1024 * 1024;

enum Trouble {
    Passing(String),
    Database(sqlx::Error),
}

/// What came of a picture.
enum Made {
    Smaller(Pictures),
    /// It has no smaller pictures, and never will.
    Nothing(String),
}

/// Makes the variants of a leased file. Fails only with the database.
pub async fn make_variants(service: &MediaService, id: MediaFileId) -> db::Result<Outcome> {
    let (outcome, label) = match attempt(service, id).await {
        Ok(label) => (Outcome::Settled, label),
        Err(Trouble::Passing(error)) => (Outcome::retry(error), "retry"),
        Err(Trouble::Database(error)) => return Err(error),
    };
    metrics::counter!("mainstay_media_variants_total", "outcome" => label).increment(1);
    Ok(outcome)
}

async fn attempt(service: &MediaService, id: MediaFileId) -> Result<&'static str, Trouble> {
    let wanted = store::wants_variants(service.db.reader(), id).await;
    let Some((tenant, attempt, size)) = wanted.map_err(Trouble::Database)? else {
        return Ok("made");
    };
    let original = StorageKey::of(tenant.uuid(), id.uuid());
    let mut pictured = Pictured {
        tenant,
        id,
        attempt,
        size: None,
        variants: "{}".to_owned(),
        unfit: None,
    };
    let label = match make(service, &original, size).await? {
        Made::Smaller(Pictures { width, height, smaller }) => {
            let mut variants = BTreeMap::new();
            for picture in smaller {
                let (variant, info) = store(service, &original, picture).await?;
                variants.insert(variant, info);
            }
            pictured.size = Some((width, height));
            pictured.variants = serde_json::to_string(&variants).expect("text and numbers always serialise");
            "made"
        }
        Made::Nothing(why) => {
            pictured.unfit = Some(why);
            "unfit"
        }
    };
    end(service, &pictured).await.map_err(Trouble::Database)?;
    Ok(label)
}

async fn make(service: &MediaService, original: &StorageKey, size: i64) -> Result<Made, Trouble> {
    if u64::try_from(size).is_ok_and(|size| size > LONGEST) {
        return Ok(Made::Nothing(format!("it is longer than {LONGEST} bytes")));
    }
    let bytes = match service.storage.load(original, LONGEST).await {
        Ok(bytes) => bytes,
        Err(error @ storage::Error::TooLarge { .. }) => return Ok(Made::Nothing(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    Ok(match tokio::task::spawn_blocking(move || picture::make(&bytes)).await {
        Ok(Ok(pictures)) => Made::Smaller(pictures),
        Ok(Err(unfit)) => Made::Nothing(unfit.to_string()),
        // A defect of a decoder, which this picture would meet each time.
        Err(panic) => Made::Nothing(panic.to_string()),
    })
}

/// Needs no note in case of a crash: the file's row is leased meanwhile, so it stays, and whoever removes the file removes these.
async fn store(
    service: &MediaService,
    original: &StorageKey,
    picture: Smaller,
) -> Result<(Variant, VariantInfo), Trouble> {
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

async fn end(service: &MediaService, made: &Pictured) -> db::Result<()> {
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    let ended = store::pictured(&mut tx, made, now).await?;
    counts::add(&mut tx, &MEDIA_VARIANTS, now, ended.cast_signed(), 0).await?;
    tx.commit().await
}

impl From<storage::Error> for Trouble {
    fn from(error: storage::Error) -> Self {
        metrics::counter!("mainstay_storage_failures_total", "what" => "variants").increment(1);
        Self::Passing(error.to_string())
    }
}
