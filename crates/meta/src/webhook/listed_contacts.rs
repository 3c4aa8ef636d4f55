//! Users that a value lists once for all its items (`contacts[]`).

use std::collections::HashMap;

use super::MAX_ITEMS;
use super::json::JsonTree;
use super::person::WhatsAppUser;

/// Above this number of contacts, an index replaces the linear search.
const INDEX_THRESHOLD: usize = 8;

/// The listed users, found by user id or phone number in constant time. Only the first 20,000 contacts are read.
pub(super) struct ListedContacts<'a> {
    people: Vec<(WhatsAppUser, &'a JsonTree<'a>)>,
    /// Number of contacts, including anonymous ones.
    count: usize,
    index: Option<Index>,
}

/// Position of the first user with each address.
#[derive(Default)]
struct Index {
    by_user_id: HashMap<String, usize>,
    by_phone: HashMap<String, usize>,
    /// Users without a user id only.
    by_phone_alone: HashMap<String, usize>,
}

impl<'a> ListedContacts<'a> {
    pub(super) fn new(contacts: &'a [JsonTree<'a>]) -> Self {
        let person = |contact: &'a JsonTree<'a>| {
            let [phone, user_id, parent] = ["wa_id", "user_id", "parent_user_id"].map(|key| contact.get(key));
            (WhatsAppUser::read(phone, user_id, parent), contact)
        };
        let is_needed = |(person, _): &(WhatsAppUser, _)| contacts.len() == 1 || !person.is_anonymous();
        let people: Vec<_> = contacts.iter().take(MAX_ITEMS).map(person).filter(is_needed).collect();
        let index = (people.len() > INDEX_THRESHOLD).then(|| Index::new(&people));
        Self {
            people,
            count: contacts.len(),
            index,
        }
    }

    /// Returns the listed user, if there is exactly one contact.
    pub(super) fn only(&self) -> Option<(&WhatsAppUser, &'a JsonTree<'a>)> {
        let (person, contact) = self.people.first().filter(|_| self.count == 1)?;
        Some((person, contact))
    }

    /// Returns the first listed user who is the same as this one.
    pub(super) fn find(&self, person: &WhatsAppUser) -> Option<(&WhatsAppUser, &'a JsonTree<'a>)> {
        let position = match &self.index {
            None => self.people.iter().position(|(listed, _)| person.is_same_user(listed)),
            Some(index) => index.find(person),
        };
        let (listed, contact) = self.people.get(position?)?;
        Some((listed, contact))
    }
}

impl Index {
    fn new(people: &[(WhatsAppUser, &JsonTree<'_>)]) -> Self {
        let mut index = Index::default();
        for (position, (person, _)) in people.iter().enumerate() {
            if let Some(user_id) = &person.user_id {
                index.by_user_id.entry(user_id.clone()).or_insert(position);
            }
            let Some(phone) = &person.phone else { continue };
            index.by_phone.entry(phone.clone()).or_insert(position);
            if person.user_id.is_none() {
                index.by_phone_alone.entry(phone.clone()).or_insert(position);
            }
        }
        index
    }

    /// Returns the position of the first user for whom [`WhatsAppUser::is_same_user`] holds. If the given user has a user id, a listed user
    /// with the same phone number matches only with that user id, or with none.
    fn find(&self, person: &WhatsAppUser) -> Option<usize> {
        let by_phone = match person.user_id {
            Some(_) => &self.by_phone_alone,
            None => &self.by_phone,
        };
        let named = person.user_id.as_ref().and_then(|it| self.by_user_id.get(it));
        let dialled = person.phone.as_ref().and_then(|it| by_phone.get(it));
        named.into_iter().chain(dialled).min().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person((phone, user_id): (Option<u8>, Option<u8>)) -> WhatsAppUser {
        WhatsAppUser {
            phone: phone.map(|it| it.to_string()),
            user_id: user_id.map(|it| it.to_string()),
            ..WhatsAppUser::default()
        }
    }

    proptest! {
        #[test]
        fn the_index_finds_whom_a_search_finds(
            listed in prop::collection::vec((prop::option::of(0..6_u8), prop::option::of(0..6_u8)), 0..40),
            asked in (prop::option::of(0..6_u8), prop::option::of(0..6_u8)),
        ) {
            let contact = JsonTree::Null;
            let people: Vec<_> = listed.into_iter().map(|it| (person(it), &contact)).collect();
            let asked = person(asked);
            let searched = people.iter().position(|(listed, _)| asked.is_same_user(listed));
            prop_assert_eq!(Index::new(&people).find(&asked), searched);
        }
    }
}
