//! The room for tags and lists on a contact.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    store::tags,
    text::{clean, fold},
};
use crate::{
    db::{Result, Tx},
    domain::{ContactId, TagKind, TenantId},
};

/// Most tags that a contact has, and most lists that it is on.
pub(crate) const MAX_TAGS_OF_CONTACT: usize = 100;

/// The tags and lists that contacts have and are to get, as far as they may be too many.
#[derive(Default)]
pub(super) struct TagRoom {
    /// Folded names.
    names: HashMap<(ContactId, TagKind), BTreeSet<String>>,
}

impl TagRoom {
    /// Looks at contacts that are to get so many tags and lists together. Of those that cannot come to have too many nothing is read.
    pub async fn read(tx: &mut Tx, tenant: TenantId, wanted: impl Iterator<Item = (ContactId, usize)>) -> Result<Self> {
        let mut sums: BTreeMap<ContactId, usize> = BTreeMap::new();
        for (contact, number) in wanted.filter(|(_, number)| *number > 0) {
            *sums.entry(contact).or_default() += number;
        }
        let room = |sum: usize| MAX_TAGS_OF_CONTACT.saturating_sub(sum) as i64;
        let rows: Vec<(ContactId, i64)> = sums.into_iter().map(|(contact, sum)| (contact, room(sum))).collect();
        let mut found = Self::default();
        let full = tags::with_more_than(tx.on(), tenant, &rows).await?;
        if !full.is_empty() {
            let full: Vec<ContactId> = full.into_iter().map(|(contact,)| contact).collect();
            for (contact, tag) in tags::of_contacts(tx.on(), tenant, &full).await? {
                found.names.entry((contact, tag.kind)).or_default().insert(tag.folded);
            }
        }
        Ok(found)
    }

    /// Takes names off a contact and adds others, if there is room for them. Returns false, and changes nothing, where there is none.
    pub fn admit(&mut self, contact: ContactId, kind: TagKind, add: &[String], remove: &[String]) -> bool {
        if add.is_empty() && !self.names.contains_key(&(contact, kind)) {
            return true;
        }
        let folded = |name: &String| fold(&clean(name));
        let before = self.names.entry((contact, kind)).or_default();
        let removed: BTreeSet<String> = remove.iter().map(folded).collect();
        let mut after: BTreeSet<String> = before.difference(&removed).cloned().collect();
        after.extend(add.iter().map(folded));
        let is_room = after.len() <= MAX_TAGS_OF_CONTACT;
        if is_room {
            *before = after;
        }
        is_room
    }
}
