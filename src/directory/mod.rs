//! Who owns a phone number, and whose secret signs: the channels of all tenants, kept in memory and refreshed when they change.

mod signers;
mod snapshot;

use std::sync::{Arc, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

pub use signers::{Signed, SignedBy, Signers};
pub use snapshot::{Route, Snapshot, open_tenant_key, purpose};

use self::snapshot::Known;
use crate::{config::Secret, crypto::Keyring, db::Db, records::channels};

/// When a change is known to every process: each looks once in a second.
pub const KNOWN: TimeDelta = TimeDelta::milliseconds(1_200);

/// Shared by intake, which asks who signed, and by processing, which asks whose number it is.
#[derive(Clone)]
pub struct Directory {
    db: Db,
    keyring: Keyring,
    operator: Arc<[Secret]>,
    current: Arc<RwLock<Arc<Snapshot>>>,
    seen: Arc<Mutex<Option<Revision>>>,
}

/// Number of channels, the newest change among them and that among the tenants.
type Revision = (i64, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl Directory {
    pub fn new(db: Db, keyring: Keyring, app_secrets: &[Secret]) -> Self {
        let snapshot = Snapshot::new(app_secrets, Known::default(), None);
        Self {
            db,
            keyring,
            operator: app_secrets.into(),
            current: Arc::new(RwLock::new(Arc::new(snapshot))),
            seen: Arc::default(),
        }
    }

    pub fn current(&self) -> Arc<Snapshot> {
        self.current
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Reads the channels again if any was added or changed since; one caller at a time.
    pub async fn refresh(&self) -> sqlx::Result<()> {
        self.read(false).await
    }

    /// Reads the channels again, whether or not a change shows: two changes may bear times in another order than they were committed.
    pub async fn reload(&self) -> sqlx::Result<()> {
        self.read(true).await
    }

    async fn read(&self, anyway: bool) -> sqlx::Result<()> {
        let mut seen = self.seen.lock().await;
        let revision = channels::revision(self.db.reader()).await?;
        if *seen == Some(revision) && !anyway {
            return Ok(());
        }
        let known = snapshot::read(&self.db, &self.keyring).await?;
        let fresh = Arc::new(Snapshot::new(&self.operator, known, Some(&self.current())));
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        *seen = Some(revision);
        Ok(())
    }
}
