//! The channels of all tenants, in memory: which tenant owns a phone number, and which app secrets sign webhooks.

mod signers;
mod snapshot;

use std::sync::{Arc, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

pub use signers::SignedBy;
pub(crate) use signers::{Signers, TenantSignature};
pub use snapshot::purpose;
pub(crate) use snapshot::{Route, Snapshot, open_tenant_key};

use self::snapshot::SnapshotData;
use crate::{config::Secret, crypto::Keyring, db::Db, records::channels};

/// Time after which a change is known to every process: each polls once a second.
pub(crate) const PROPAGATION_TIME: TimeDelta = TimeDelta::milliseconds(1_200);

/// The cached channels, shared by intake (signatures) and processing (phone numbers).
#[derive(Clone)]
pub struct Directory {
    db: Db,
    keyring: Keyring,
    operator: Arc<[Secret]>,
    current: Arc<RwLock<Arc<Snapshot>>>,
    seen: Arc<Mutex<Option<Revision>>>,
}

/// Number of channels, and the latest changes of channels and tenants.
type Revision = (i64, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

impl Directory {
    pub fn new(db: Db, keyring: Keyring, app_secrets: &[Secret]) -> Self {
        let snapshot = Snapshot::new(app_secrets, SnapshotData::default(), None);
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

    /// Reloads the channels if any was added or changed since. One caller at a time.
    pub async fn refresh(&self) -> sqlx::Result<()> {
        self.read(false).await
    }

    /// Reloads the channels unconditionally: the order of two changes' timestamps may differ from that of their commits.
    pub(crate) async fn reload(&self) -> sqlx::Result<()> {
        self.read(true).await
    }

    async fn read(&self, force: bool) -> sqlx::Result<()> {
        let mut seen = self.seen.lock().await;
        let revision = channels::revision(self.db.reader()).await?;
        if *seen == Some(revision) && !force {
            return Ok(());
        }
        let known = snapshot::read(&self.db, &self.keyring).await?;
        let fresh = Arc::new(Snapshot::new(&self.operator, known, Some(&self.current())));
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        *seen = Some(revision);
        Ok(())
    }
}
