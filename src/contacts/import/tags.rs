//! The tags and lists that the rows of an import name.

use std::collections::{BTreeMap, HashMap};

use super::{read_row::ImportedRow, spec::ImportPolicies};
use crate::{
    clock::Clock,
    contacts::store::imports::{self, NeededTag},
    db::{Db, Result, Tx},
    domain::{ImportId, TagId, TagKind, TenantId},
};

/// Most tags and lists of a tenant.
pub(super) const MAX_TAGS: usize = 1_000;

/// Ids of tags and lists by their names.
#[derive(Debug, Default)]
pub(super) struct TagIndex {
    ids: HashMap<(TagKind, String), TagId>,
    /// Those that every row gets.
    of_all: Vec<TagId>,
}

/// Returns a name without differences of case.
pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

impl TagIndex {
    /// Reads a tenant's tags.
    pub async fn read(db: &Db, tenant: TenantId) -> Result<Self> {
        let tags = imports::tags(db.reader(), tenant).await?;
        Ok(Self {
            ids: tags.into_iter().map(|(kind, name, id)| ((kind, name), id)).collect(),
            of_all: Vec::new(),
        })
    }

    /// Returns the tags of a row, and those of every row.
    pub fn of(&self, row: &ImportedRow) -> impl Iterator<Item = TagId> {
        let own = named(&row.tags, &row.lists).filter_map(|(kind, name)| self.ids.get(&(kind, folded(name))));
        own.chain(&self.of_all).copied().collect::<Vec<_>>().into_iter()
    }

    /// Returns the names of tags that the policies or rows name and that do not exist, as many as there is room for, and whether that was
    /// all of them.
    pub fn missing<'a>(
        &self,
        policies: &'a ImportPolicies,
        rows: impl Iterator<Item = &'a ImportedRow>,
    ) -> (Vec<(TagKind, String, String)>, bool) {
        let mut missing: BTreeMap<(TagKind, String), &str> = BTreeMap::new();
        let of_all = named(&policies.tags, &policies.lists);
        let of_rows = rows.flat_map(|row| named(&row.tags, &row.lists));
        for (kind, name) in of_all.chain(of_rows) {
            let key = (kind, folded(name));
            if !self.ids.contains_key(&key) {
                missing.entry(key).or_insert(name);
            }
        }
        let room = MAX_TAGS.saturating_sub(self.ids.len());
        let is_all = missing.len() <= room;
        let named = missing.into_iter().take(room);
        (
            named
                .map(|((kind, folded), name)| (kind, folded, name.to_owned()))
                .collect(),
            is_all,
        )
    }

    /// Returns whether every tag of a row is known.
    pub fn has_all_of(&self, row: &ImportedRow) -> bool {
        named(&row.tags, &row.lists).all(|(kind, name)| self.ids.contains_key(&(kind, folded(name))))
    }

    /// Makes tags, in a transaction of their own, before the chunk that needs them.
    pub async fn create(
        &mut self,
        db: &Db,
        clock: &Clock,
        tenant: TenantId,
        import: ImportId,
        names: Vec<(TagKind, String, String)>,
    ) -> Result<()> {
        let needed: Vec<NeededTag> = names
            .into_iter()
            .map(|(kind, folded, name)| NeededTag {
                id: clock.new_id(),
                kind,
                name,
                folded,
            })
            .collect();
        let ensure = async |tx: &mut Tx| imports::ensure_tags(tx.on(), tenant, &needed, import, clock.now()).await;
        db.background_transaction(ensure).await?;
        let tags = imports::tags(db.writer(), tenant).await?;
        self.ids = tags.into_iter().map(|(kind, name, id)| ((kind, name), id)).collect();
        Ok(())
    }

    /// Makes tags known that a trial would make.
    pub fn pretend(&mut self, clock: &Clock, names: Vec<(TagKind, String, String)>) {
        let known = names
            .into_iter()
            .map(|(kind, folded, _)| ((kind, folded), clock.new_id()));
        self.ids.extend(known);
    }

    /// Notes the tags that every row gets.
    pub fn note_of_all(&mut self, policies: &ImportPolicies) {
        let of_all = named(&policies.tags, &policies.lists);
        let ids = of_all.filter_map(|(kind, name)| self.ids.get(&(kind, folded(name))).copied());
        self.of_all = ids.collect();
    }
}

/// Returns names of tags and lists with their kind.
fn named<'a>(tags: &'a [String], lists: &'a [String]) -> impl Iterator<Item = (TagKind, &'a str)> {
    let of = |kind: TagKind| move |name: &'a String| (kind, name.as_str());
    tags.iter()
        .map(of(TagKind::Contact))
        .chain(lists.iter().map(of(TagKind::List)))
}
