//! The tags and lists that the rows of an import name.

use std::collections::{BTreeMap, HashMap};

use super::{read_row::ImportedRow, spec::ImportPolicies};
use crate::{
    clock::Clock,
    contacts::{
        store::tags::{self as store, Tag},
        text::{clean, fold},
    },
    db::{Db, On, Result, Tx},
    domain::{ImportId, TagId, TagKind, TenantId},
};

/// Most tags of a tenant, and most lists.
pub(super) const MAX_TAGS: usize = 1_000;

/// Ids of tags and lists by their names.
#[derive(Debug, Default)]
pub(super) struct TagIndex {
    ids: HashMap<(TagKind, String), TagId>,
    /// Those that every row gets.
    of_all: Vec<TagId>,
}

fn folded(name: &str) -> String {
    fold(&clean(name))
}

/// Reads a tenant's tags and lists.
async fn stored(mut on: On<'_>, tenant: TenantId) -> Result<HashMap<(TagKind, String), TagId>> {
    let mut ids = HashMap::new();
    for kind in [TagKind::Contact, TagKind::List] {
        let tags = store::list(on.reborrow(), tenant, kind).await?;
        ids.extend(tags.into_iter().map(|it| ((kind, it.folded), it.id)));
    }
    Ok(ids)
}

impl TagIndex {
    /// Reads a tenant's tags.
    pub async fn read(db: &Db, tenant: TenantId) -> Result<Self> {
        Ok(Self {
            ids: stored(db.reader(), tenant).await?,
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
        let wanted = missing.len();
        let mut named = Vec::new();
        for of in [TagKind::Contact, TagKind::List] {
            let known = self.ids.keys().filter(|(kind, _)| *kind == of).count();
            let missing = missing.iter().filter(|((kind, _), _)| *kind == of);
            let missing = missing.map(|((kind, folded), name)| (*kind, folded.clone(), (*name).to_owned()));
            named.extend(missing.take(MAX_TAGS.saturating_sub(known)));
        }
        let is_all = named.len() == wanted;
        (named, is_all)
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
        let (now, by) = (clock.now(), import.to_string());
        let tag = |(kind, folded, name): (TagKind, String, String)| Tag {
            id: clock.new_id(),
            kind,
            name: clean(&name),
            folded,
            colour: None,
            created_at: now,
            created_by: by.clone(),
        };
        let tags: Vec<Tag> = names.into_iter().map(tag).collect();
        let insert = async |tx: &mut Tx| store::insert(tx.on(), tenant, &tags).await;
        db.background_transaction(insert).await?;
        self.ids = stored(db.writer(), tenant).await?;
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
