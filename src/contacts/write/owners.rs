//! Finds whose the identities of written contacts are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{ContactInput, ContactKey};
use crate::{
    contacts::{ContactError, ContactResult},
    db::{Result, Tx},
    domain::{ContactId, TenantId},
    records::contacts::{self, Identity},
};

/// Who owns the identities and external ids of a batch.
pub(super) struct Owners {
    identities: HashMap<(&'static str, String), Owner>,
    external: BTreeMap<String, ContactId>,
}

#[derive(Clone, Copy)]
struct Owner {
    contact: ContactId,
    /// Whether the identity was given up: it is free.
    is_retired: bool,
}

impl Owners {
    /// Looks up all identities of the batch, phones also in their other national forms, and all external ids.
    pub async fn find(tx: &mut Tx, tenant: TenantId, inputs: &[ContactInput]) -> Result<Self> {
        let mut wanted: BTreeSet<Identity> = BTreeSet::new();
        for (kind, value) in inputs.iter().flat_map(|it| &it.identities) {
            let mut want = |value: String| _ = wanted.insert(Identity { tenant, kind, value });
            if *kind == "phone" {
                mainstay_phone::variants(value).for_each(&mut want);
            }
            want(value.clone());
        }
        let wanted: Vec<Identity> = wanted.into_iter().collect();
        let found = contacts::identities(tx.on(), &wanted).await?;
        let kinds = wanted.iter().map(|it| (it.kind, it.value.clone()));
        let kinds: HashMap<(String, String), &'static str> =
            kinds.map(|(kind, value)| ((kind.to_owned(), value), kind)).collect();
        let owner = |it: contacts::KnownIdentity| {
            let kind = kinds.get(&(it.kind.clone(), it.value.clone())).copied()?;
            let is_retired = it.retired_at.is_some();
            let contact = it.contact_id;
            Some(((kind, it.value), Owner { contact, is_retired }))
        };
        let external: Vec<String> = inputs
            .iter()
            .filter_map(|it| it.change.external_id.clone().flatten())
            .collect();
        Ok(Self {
            identities: found.into_iter().filter_map(owner).collect(),
            external: contacts::by_external_ids(tx.on(), tenant, &external)
                .await?
                .into_iter()
                .collect(),
        })
    }

    /// Returns the contact that the input is about; `None` if nobody has any of its identities.
    ///
    /// A phone number that nobody has stands for its other national form, if one contact has that.
    pub fn of(&self, input: &ContactInput) -> ContactResult<Option<ContactId>> {
        if let ContactKey::Id(id) = input.key {
            for (name, owner) in self.named(input) {
                if owner != id {
                    return Err(ContactError::Taken { name, owner });
                }
            }
            return Ok(Some(id));
        }
        let mut owners: BTreeSet<ContactId> = self.named(input).map(|(_, owner)| owner).collect();
        if owners.is_empty() {
            let phones = input.identities.iter().filter(|(kind, _)| *kind == "phone");
            let variants = phones.flat_map(|(_, value)| mainstay_phone::variants(value));
            owners.extend(variants.filter_map(|value| self.owner("phone", value)));
        }
        match owners.into_iter().collect::<Vec<_>>().as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            [one, other, ..] => Err(ContactError::TwoContacts(*one, *other)),
        }
    }

    /// Returns the owners of what the input names, each with the name of the member.
    fn named<'a>(&'a self, input: &'a ContactInput) -> impl Iterator<Item = (&'static str, ContactId)> + 'a {
        let by_identity = input
            .identities
            .iter()
            .filter_map(|(kind, value)| Some((*kind, self.owner(kind, value.clone())?)));
        let external = input.change.external_id.iter().flatten();
        let by_external = external.filter_map(|it| Some(("external_id", *self.external.get(it)?)));
        by_identity.chain(by_external)
    }

    fn owner(&self, kind: &'static str, value: String) -> Option<ContactId> {
        let owner = self.identities.get(&(kind, value))?;
        (!owner.is_retired).then_some(owner.contact)
    }

    /// Returns what is to become of an identity that the contact is said to have.
    pub fn claim(&self, kind: &'static str, value: &str) -> IdentityClaim {
        match self.identities.get(&(kind, value.to_owned())) {
            None => {
                let has_variant =
                    kind == "phone" && mainstay_phone::variants(value).any(|it| self.owner("phone", it).is_some());
                if has_variant {
                    IdentityClaim::Has
                } else {
                    IdentityClaim::Assign
                }
            }
            Some(owner) if owner.is_retired => IdentityClaim::Reassign,
            Some(_) => IdentityClaim::Has,
        }
    }
}

/// What is to become of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdentityClaim {
    /// The contact has it, or another national form of it.
    Has,
    /// Nobody has it.
    Assign,
    /// Somebody gave it up.
    Reassign,
}
