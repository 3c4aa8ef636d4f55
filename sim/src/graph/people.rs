//! Whom a message goes to.

use std::collections::HashMap;

use crate::Customer;

/// A user of WhatsApp, whichever id names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Person {
    /// One of the invented customers, by place.
    Customer(usize),
    /// Someone else, by digits.
    Phone(String),
    /// Someone else, by business-scoped user id.
    UserId(String),
    Group(String),
}

/// The invented customers by every id they have or had.
#[derive(Debug, Default)]
pub(crate) struct People {
    customers: Vec<Customer>,
    places: HashMap<String, usize>,
}

impl People {
    /// Learns the customers anew; ids they had before go on leading to them.
    pub fn learn(&mut self, customers: &[Customer]) {
        self.customers = customers.to_vec();
        for (place, customer) in customers.iter().enumerate() {
            let ids = [&customer.wa_id, &customer.dialled, &customer.user_id];
            for id in ids.into_iter().chain(&customer.parent_user_id) {
                self.places.insert(id.clone(), place);
            }
        }
    }

    /// The customer of that `wa_id`, number as dialled, user id or parent id.
    pub fn find(&self, id: &str) -> Option<(usize, &Customer)> {
        let place = *self.places.get(id)?;
        Some((place, self.customers.get(place)?))
    }

    /// The first few, who make up every group.
    pub fn members(&self) -> &[Customer] {
        &self.customers[..self.customers.len().min(3)]
    }
}

/// How the sender named the recipient, checked for form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Digits of a phone number.
    Phone(String),
    /// A business-scoped user id or a parent id.
    UserId(String),
    Group(String),
}

impl Address {
    /// The digits of a number as people write them: `+`, spaces, hyphens and parentheses are dropped.
    pub fn phone(text: &str) -> Option<Self> {
        let digits: String = text
            .chars()
            .filter(|it| !matches!(it, '+' | ' ' | '-' | '(' | ')'))
            .collect();
        let is_number = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(Self::Phone(digits))
    }

    /// `CC.` and up to 128 letters and digits; a parent id has `ENT.` between.
    pub fn user_id(text: &str) -> Option<Self> {
        let (country, rest) = text.split_once('.')?;
        let name = rest.strip_prefix("ENT.").unwrap_or(rest);
        let is_id = country.len() == 2
            && country.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=128).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_id.then(|| Self::UserId(text.to_owned()))
    }
}

/// A recipient, as far as Meta knows them.
#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub person: Person,
    /// What statuses say of them. The phone shows where the send named it.
    pub customer: Customer,
    /// What the ledger keeps: `wa_id`, user id or group id.
    pub name: String,
}

impl Recipient {
    pub fn of(address: &Address, people: &People) -> Self {
        match address {
            Address::Phone(digits) => match people.find(digits) {
                Some((place, customer)) => Self {
                    person: Person::Customer(place),
                    name: customer.wa_id.clone(),
                    customer: customer.clone().showing_phone(),
                },
                None => Self {
                    person: Person::Phone(digits.clone()),
                    name: digits.clone(),
                    customer: Customer::of_phone(digits),
                },
            },
            Address::UserId(id) => match people.find(id) {
                Some((place, customer)) => Self {
                    person: Person::Customer(place),
                    name: customer.user_id.clone(),
                    customer: customer.clone(),
                },
                None => Self {
                    person: Person::UserId(id.clone()),
                    name: id.clone(),
                    customer: Customer::of_user_id(id),
                },
            },
            Address::Group(id) => Self {
                person: Person::Group(id.clone()),
                name: id.clone(),
                customer: Customer::of_user_id(id),
            },
        }
    }
}
