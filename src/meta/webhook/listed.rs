//! The people that a value lists once for all its items (`contacts[]`).

use std::collections::HashMap;

use super::MOST_ITEMS;
use super::json::Json;
use super::person::Person;

/// With more contacts than this, an index is made instead of comparing an item with each.
const FEW: usize = 8;

/// The listed people, found by user id or phone number in constant time. Only the first 20,000 contacts are looked at.
pub(super) struct Listed<'a> {
    people: Vec<(Person, &'a Json<'a>)>,
    /// How many contacts there are, anonymous ones included.
    count: usize,
    index: Option<Index>,
}

/// The first person, by place, that each address names.
#[derive(Default)]
struct Index {
    by_user_id: HashMap<String, usize>,
    by_phone: HashMap<String, usize>,
    /// Of those without a user id.
    by_phone_alone: HashMap<String, usize>,
}

impl<'a> Listed<'a> {
    pub(super) fn new(contacts: &'a [Json<'a>]) -> Self {
        let person = |contact: &'a Json<'a>| {
            let [phone, user_id, parent] = ["wa_id", "user_id", "parent_user_id"].map(|key| contact.get(key));
            (Person::read(phone, user_id, parent), contact)
        };
        let is_needed = |(person, _): &(Person, _)| contacts.len() == 1 || !person.is_anonymous();
        let people: Vec<_> = contacts.iter().take(MOST_ITEMS).map(person).filter(is_needed).collect();
        let index = (people.len() > FEW).then(|| Index::new(&people));
        Self {
            people,
            count: contacts.len(),
            index,
        }
    }

    /// The person listed, if there is just one.
    pub(super) fn only(&self) -> Option<(&Person, &'a Json<'a>)> {
        let (person, contact) = self.people.first().filter(|_| self.count == 1)?;
        Some((person, contact))
    }

    /// The first who is the same as this person.
    pub(super) fn of(&self, person: &Person) -> Option<(&Person, &'a Json<'a>)> {
        let place = match &self.index {
            None => self.people.iter().position(|(listed, _)| person.is_same(listed)),
            Some(index) => index.first(person),
        };
        let (listed, contact) = self.people.get(place?)?;
        Some((listed, contact))
    }
}

impl Index {
    fn new(people: &[(Person, &Json<'_>)]) -> Self {
        let mut index = Index::default();
        for (place, (person, _)) in people.iter().enumerate() {
            if let Some(user_id) = &person.user_id {
                index.by_user_id.entry(user_id.clone()).or_insert(place);
            }
            let Some(phone) = &person.phone else { continue };
            index.by_phone.entry(phone.clone()).or_insert(place);
            if person.user_id.is_none() {
                index.by_phone_alone.entry(phone.clone()).or_insert(place);
            }
        }
        index
    }

    /// The place of the first person for whom [`Person::is_same`] holds. A listed person with the phone number of a person with a user id
    /// is the same only with that user id, or with none.
    fn first(&self, person: &Person) -> Option<usize> {
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

    fn person((phone, user_id): (Option<u8>, Option<u8>)) -> Person {
        Person {
            phone: phone.map(|it| it.to_string()),
            user_id: user_id.map(|it| it.to_string()),
            ..Person::default()
        }
    }

    proptest! {
        #[test]
        fn the_index_finds_whom_a_search_finds(
            listed in prop::collection::vec((prop::option::of(0..6_u8), prop::option::of(0..6_u8)), 0..40),
            asked in (prop::option::of(0..6_u8), prop::option::of(0..6_u8)),
        ) {
            let contact = Json::Null;
            let people: Vec<_> = listed.into_iter().map(|it| (person(it), &contact)).collect();
            let asked = person(asked);
            let searched = people.iter().position(|(listed, _)| asked.is_same(listed));
            prop_assert_eq!(Index::new(&people).first(&asked), searched);
        }
    }
}
