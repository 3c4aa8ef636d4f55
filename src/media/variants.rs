//! Thumbnails and the like, made when an image is stored.

use std::collections::BTreeMap;

use super::{
    Variant, VariantInfo,
    picture::{self, Pictures, Smaller, Unfit},
};
use crate::{
    app::{App, MEDIA_VARIANTS},
    db,
    domain::{Id, MediaFileId},
    queue::{Outcome, counts},
    storage::{self, Key},
    store::media::{self, Pictured},
};

/// The longest file that is read for this, in bytes: Meta's images have at most 5 MB, and larger pictures sent as documents need no
/// thumbnail.
const LONGEST: u64 = 20 * 1024 * 1024;

enum Trouble {
    Unfit(String),
    Passing(String),
    Database(sqlx::Error),
}

/// Makes the variants of a leased file. Fails only with the database.
pub async fn make_variants(app: &App, id: MediaFileId) -> db::Result<Outcome> {
    let outcome = match attempt(app, id).await {
        Ok(()) => Outcome::Settled,
        Err(Trouble::Unfit(error)) => Outcome::discard(error),
        Err(Trouble::Passing(error)) => Outcome::retry(error),
        Err(Trouble::Database(error)) => return Err(error),
    };
    let label = match &outcome {
        Outcome::Settled => "made",
        Outcome::Discard { .. } => "unfit",
        _ => "retry",
    };
    metrics::counter!("mainstay_media_variants_total", "outcome" => label).increment(1);
    Ok(outcome)
}

async fn attempt(app: &App, id: MediaFileId) -> Result<(), Trouble> {
    let wanted = media::wants_variants(app.db.reader(), id).await;
    let Some((tenant, attempt, size)) = wanted.map_err(Trouble::Database)? else {
        return Ok(());
    };
    if u64::try_from(size).is_ok_and(|size| size > LONGEST) {
        return Err(Trouble::Unfit(format!("it is longer than {LONGEST} bytes")));
    }
    let original = Key::of(tenant.uuid(), id.uuid());
    let bytes = app.storage.load(&original, LONGEST).await?;
    let made = tokio::task::spawn_blocking(move || picture::make(&bytes)).await;
    let Pictures { width, height, smaller } = made.map_err(|panic| Trouble::Unfit(panic.to_string()))??;
    let mut variants = BTreeMap::new();
    for picture in smaller {
        let (variant, info) = store(app, &original, picture).await?;
        variants.insert(variant, info);
    }
    let pictured = Pictured {
        tenant,
        id,
        attempt,
        width: i64::from(width),
        height: i64::from(height),
        variants: serde_json::to_string(&variants).expect("text and numbers always serialise"),
    };
    end(app, &pictured).await.map_err(Trouble::Database)
}

/// Needs no note in case of a crash: the file's row is leased meanwhile, so it stays, and whoever removes the file removes these.
async fn store(app: &App, original: &Key, picture: Smaller) -> Result<(Variant, VariantInfo), Trouble> {
    let info = VariantInfo {
        mime_type: picture.mime_type.to_owned(),
        size: picture.bytes.len() as u64,
        width: picture.width,
        height: picture.height,
    };
    let key = original.derived(picture.variant.as_str());
    app.storage.put(&key, picture.bytes.into()).await?;
    Ok((picture.variant, info))
}

async fn end(app: &App, made: &Pictured) -> db::Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let ended = media::pictured(&mut tx, made, now).await?;
    counts::add(&mut tx, &MEDIA_VARIANTS, now, ended.cast_signed(), 0).await?;
    tx.commit().await
}

impl From<storage::Error> for Trouble {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::TooLarge { .. } => Self::Unfit(error.to_string()),
            storage::Error::Missing | storage::Error::Broken(_) => {
                metrics::counter!("mainstay_storage_failures_total", "what" => "variants").increment(1);
                Self::Passing(error.to_string())
            }
        }
    }
}

impl From<Unfit> for Trouble {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit.to_string())
    }
}
