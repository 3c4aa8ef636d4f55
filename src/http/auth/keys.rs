use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    app::App,
    crypto::ApiToken,
    domain::{ApiKeyId, Scopes, TenantId},
    records::api_keys::{self, ApiKey},
};

/// For so long a key is believed without asking the database, and so a revoked one may go on.
const TRUSTED: TimeDelta = TimeDelta::seconds(5);
/// How precisely the last use of a key is known.
const USE_NOTED: TimeDelta = TimeDelta::seconds(60);
/// Keys remembered at once.
const MOST: usize = 10_000;

/// A key that was found live.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: ApiKeyId,
    pub tenant: TenantId,
    pub scopes: Scopes,
}

struct Known {
    key: Key,
    read_at: DateTime<Utc>,
    use_noted_at: Option<DateTime<Utc>>,
}

/// The keys used lately, by their digests. Keys that do not exist are never remembered, so guessing fills no memory.
#[derive(Default)]
pub struct Keys(Mutex<HashMap<[u8; 32], Known>>);

impl Keys {
    /// The live key that `token` is, if it is one. Its use is noted in the database, once a minute and off the request's path.
    pub async fn find(&self, app: &App, token: &str) -> sqlx::Result<Option<Key>> {
        let digest = ApiToken::digest(token);
        let now = app.clock.now();
        if let Some(key) = self.believed(app, digest, now) {
            return Ok(Some(key));
        }
        let Some(row) = api_keys::find_live(app.db.reader(), digest).await? else {
            self.known().remove(&digest);
            return Ok(None);
        };
        let key = Key {
            id: row.id,
            tenant: row.tenant_id,
            scopes: scopes(&row),
        };
        let known = Known {
            key: key.clone(),
            read_at: now,
            use_noted_at: row.last_used_at,
        };
        self.remember(digest, known);
        self.believed(app, digest, now);
        Ok(Some(key))
    }

    fn believed(&self, app: &App, digest: [u8; 32], now: DateTime<Utc>) -> Option<Key> {
        let mut known = self.known();
        let found = known
            .get_mut(&digest)
            .filter(|known| is_within(known.read_at, now, TRUSTED))?;
        if !found.use_noted_at.is_some_and(|noted| is_within(noted, now, USE_NOTED)) {
            found.use_noted_at = Some(now);
            note_use(app.clone(), found.key.clone(), now);
        }
        Some(found.key.clone())
    }

    fn remember(&self, digest: [u8; 32], fresh: Known) {
        let mut known = self.known();
        if known.len() >= MOST {
            let now = fresh.read_at;
            known.retain(|_, known| is_within(known.read_at, now, TRUSTED));
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(digest, fresh);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back makes everything old, never young for ever.
fn is_within(then: DateTime<Utc>, now: DateTime<Utc>, span: TimeDelta) -> bool {
    (TimeDelta::zero()..=span).contains(&(now - then))
}

/// A row with scopes that no version of ours wrote allows nothing.
fn scopes(row: &ApiKey) -> Scopes {
    row.scopes.parse().unwrap_or_else(|problem: String| {
        tracing::error!(key.id = %row.id, problem, "an API key has scopes that are not understood; it may do nothing");
        Scopes::none()
    })
}

fn note_use(app: App, key: Key, now: DateTime<Utc>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a single short statement that nothing depends on; the request must not wait for it"
    )]
    tokio::spawn(async move {
        if let Err(error) = api_keys::mark_used(&app.db, key.tenant, key.id, now).await {
            tracing::debug!(%error, key.id = %key.id, "the last use of an API key was not noted");
        }
    });
}
