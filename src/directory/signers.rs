//! App secrets: which one signed a webhook, and for which tenants its signature counts.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};

use super::Route;
use crate::{
    config::Secret,
    crypto::Signer,
    domain::{AppSecretId, TenantId},
    records::former_app_secrets::FormerAppSecret,
};

/// Number of secrets tried first, besides the one that the body hints at: those that matched last.
const MAX_LIKELY: usize = 4;

/// The owner of the app secret that signed a webhook. A tenant's own secret counts only for channels of tenants that have it; otherwise one
/// tenant could forge webhooks of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedBy {
    Operator,
    /// The first tenant that has the secret, and the secret.
    Tenant(TenantId, AppSecretId),
}

/// A stored signature by a tenant's app secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TenantSignature {
    pub tenant: TenantId,
    /// `None` in rows of versions that did not store it.
    pub secret: Option<AppSecretId>,
    pub at: DateTime<Utc>,
}

/// A snapshot of the app secrets, without duplicates, the operator's first.
pub(crate) struct Signers {
    known: Vec<KnownSecret>,
    operator: HashSet<AppSecretId>,
    holders: HashSet<(TenantId, AppSecretId)>,
    secrets_of: HashMap<TenantId, Vec<AppSecretId>>,
    /// Secrets that tenants no longer have, and until when they had them.
    former: HashMap<(TenantId, AppSecretId), DateTime<Utc>>,
    /// Incremented with every match.
    matches: AtomicU64,
}

struct KnownSecret {
    id: AppSecretId,
    signer: Signer,
    by: SignedBy,
    /// [`Signers::matches`] at the last match; 0 if there was none.
    matched: AtomicU64,
}

impl Signers {
    /// Creates the set. The order of matches is taken over from `before`.
    pub(super) fn new(
        operator: &[Secret],
        routes: &[Route],
        former: &[FormerAppSecret],
        before: Option<&Self>,
    ) -> Self {
        let mut signers = Self {
            known: Vec::new(),
            operator: HashSet::new(),
            holders: HashSet::new(),
            secrets_of: HashMap::new(),
            former: former
                .iter()
                .map(|it| ((it.tenant_id, it.secret_id), it.valid_until))
                .collect(),
            matches: AtomicU64::new(before.map_or(0, |it| it.matches.load(Ordering::Relaxed))),
        };
        let matched: HashMap<AppSecretId, u64> = before.map_or_else(HashMap::new, |before| {
            let of = |it: &KnownSecret| (it.id, it.matched.load(Ordering::Relaxed));
            before.known.iter().map(of).collect()
        });
        let mut seen = HashSet::new();
        let mut add = |signers: &mut Self, signer: Signer, id: AppSecretId, by: SignedBy| {
            if seen.insert(id) {
                let matched = AtomicU64::new(matched.get(&id).copied().unwrap_or(0));
                signers.known.push(KnownSecret {
                    id,
                    signer,
                    by,
                    matched,
                });
            }
        };
        for secret in operator {
            let signer = Signer::new(secret.expose());
            let id = signer.id();
            signers.operator.insert(id);
            add(&mut signers, signer, id, SignedBy::Operator);
        }
        for route in routes {
            let (Some(secret), Some(id)) = (&route.app_secret, route.app_secret_id) else {
                continue;
            };
            if signers.holders.insert((route.tenant, id)) {
                signers.secrets_of.entry(route.tenant).or_default().push(id);
            }
            add(
                &mut signers,
                Signer::new(secret.expose()),
                id,
                SignedBy::Tenant(route.tenant, id),
            );
        }
        signers
    }

    /// Returns whether a signature counts for a tenant: one that has the secret, or had it when the webhook came. For a row without the id
    /// of the secret, the tenant must have every secret that the signing tenant has.
    pub(crate) fn speaks_for(&self, signed: &TenantSignature, tenant: TenantId) -> bool {
        if signed.tenant == tenant {
            return true;
        }
        match signed.secret {
            Some(secret) => {
                let held_then = || {
                    self.former
                        .get(&(tenant, secret))
                        .is_some_and(|until| signed.at <= *until)
                };
                self.operator.contains(&secret) || self.holders.contains(&(tenant, secret)) || held_then()
            }
            None => {
                let all = self.secrets_of.get(&signed.tenant);
                all.is_some_and(|all| all.iter().all(|secret| self.holders.contains(&(tenant, *secret))))
            }
        }
    }

    /// Returns the number of secrets.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Returns the indexes of the secrets most likely to have signed: the one hinted at, then those that matched last.
    pub fn likely(&self, hint: Option<AppSecretId>) -> Vec<usize> {
        let mut likely: Vec<usize> = Vec::with_capacity(MAX_LIKELY + 2);
        let hinted = hint.and_then(|hint| self.known.iter().position(|it| it.id == hint));
        for place in 0..self.known.len() {
            if Some(place) == hinted {
                continue;
            }
            let at = likely.partition_point(|other| self.matched(*other) >= self.matched(place));
            if at < MAX_LIKELY {
                likely.insert(at, place);
                likely.truncate(MAX_LIKELY);
            }
        }
        if let Some(hinted) = hinted {
            likely.insert(0, hinted);
        }
        likely
    }

    /// Returns the indexes of all other secrets, those that matched last first.
    pub fn others(&self, likely: &[usize]) -> Vec<usize> {
        let mut others: Vec<usize> = (0..self.known.len()).filter(|place| !likely.contains(place)).collect();
        others.sort_by_key(|place| Reverse(self.matched(*place)));
        others
    }

    /// Returns the indexes of the secrets that are not in `before`.
    pub(crate) fn added_since(&self, before: &Self) -> Vec<usize> {
        let old: HashSet<AppSecretId> = before.known.iter().map(|it| it.id).collect();
        (0..self.known.len())
            .filter(|place| !old.contains(&self.known[*place].id))
            .collect()
    }

    /// Returns which of these secrets signed these exact bytes. Each secret tried reads the whole body. Stops without a result once
    /// `is_cancelled` returns true.
    pub fn signed_by(
        &self,
        places: &[usize],
        body: &[u8],
        signature: &[u8; 32],
        is_cancelled: impl Fn() -> bool,
    ) -> Option<SignedBy> {
        let mut places = places.iter().map(|place| &self.known[*place]);
        let found = places.find(|it| is_cancelled() || it.signer.verify(body, signature))?;
        if is_cancelled() {
            return None;
        }
        found
            .matched
            .store(self.matches.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Some(found.by)
    }

    fn matched(&self, place: usize) -> u64 {
        self.known[place].matched.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
