//! The keyword rules of all tenants, in memory.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::Mutex;

use super::{KeywordMatcher, KeywordRule};
use crate::{
    clock::Clock,
    contacts::store::keyword_rules::{self, RulesRevision},
    db::{Db, Result},
    domain::TenantId,
};

/// What the verbs of keyword rules work with, and the rules ready to be asked. Clones share them.
#[derive(Clone)]
pub struct KeywordService {
    pub db: Db,
    pub clock: Clock,
    current: Arc<RwLock<Arc<Keywords>>>,
    seen: Arc<Mutex<Option<RulesRevision>>>,
}

impl KeywordService {
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            current: Arc::new(RwLock::new(Arc::new(Keywords::new(HashMap::new())))),
            seen: Arc::default(),
        }
    }

    pub(crate) fn current(&self) -> Arc<Keywords> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the rules again if any was added or changed since. One caller at a time.
    pub(crate) async fn refresh(&self) -> Result<()> {
        self.read(false).await
    }

    /// Reads the rules again unconditionally: the order of two changes' timestamps may differ from that of their commits.
    pub(crate) async fn reload(&self) -> Result<()> {
        self.read(true).await
    }

    async fn read(&self, force: bool) -> Result<()> {
        let mut seen = self.seen.lock().await;
        let revision = keyword_rules::revision(self.db.reader()).await?;
        if *seen == Some(revision) && !force {
            return Ok(());
        }
        let mut rules: HashMap<TenantId, Vec<KeywordRule>> = HashMap::new();
        for (tenant, rule) in keyword_rules::all(self.db.reader()).await? {
            rules.entry(tenant).or_default().push(rule);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Keywords::new(rules));
        *seen = Some(revision);
        Ok(())
    }
}

/// The rules of all tenants at one time.
pub(crate) struct Keywords {
    of_tenants: HashMap<TenantId, KeywordMatcher>,
    /// Of tenants that changed nothing.
    builtin: KeywordMatcher,
}

impl Keywords {
    fn new(rules: HashMap<TenantId, Vec<KeywordRule>>) -> Self {
        let matcher = |(tenant, rules)| (tenant, KeywordMatcher::new(rules));
        Self {
            of_tenants: rules.into_iter().map(matcher).collect(),
            builtin: KeywordMatcher::new(Vec::new()),
        }
    }

    pub fn of(&self, tenant: TenantId) -> &KeywordMatcher {
        self.of_tenants.get(&tenant).unwrap_or(&self.builtin)
    }
}
