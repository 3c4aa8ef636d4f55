//! The invented people who write to the business.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::chance::Chance;

/// Someone with WhatsApp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    /// The profile name; often not ASCII.
    pub name: String,
    /// ISO 3166 code of the country of the number.
    pub country: String,
    /// WhatsApp's form of the phone number: digits without `+`.
    pub wa_id: String,
    /// What one dials to reach the same phone. It differs from `wa_id` in Brazil (ninth digit), Mexico (`521`) and Argentina (`549`).
    pub dialled: String,
    /// With a username and no recent contact by phone, Meta leaves the phone number out of webhooks.
    pub hides_phone: bool,
    /// The business-scoped id, such as `US.1349…`; regenerated when the number changes.
    pub user_id: String,
    /// The id shared by enrolled portfolios, such as `US.ENT.1181…`.
    pub parent_user_id: Option<String>,
    /// Without `@`; webhooks send it either way.
    pub username: Option<String>,
    username_at: bool,
}

impl Customer {
    /// Someone nobody invented: whoever was sent to by a phone number.
    pub(crate) fn of_phone(wa_id: &str) -> Self {
        let country = if wa_id.starts_with('1') { "US" } else { "ZZ" };
        Self {
            user_id: format!("{country}.{wa_id}{wa_id}"),
            ..Self::stranger(wa_id)
        }
    }

    /// Someone nobody invented: whoever was sent to by a user id. The phone stays unknown.
    pub(crate) fn of_user_id(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            hides_phone: true,
            ..Self::stranger("")
        }
    }

    fn stranger(wa_id: &str) -> Self {
        Self {
            name: "Someone".to_owned(),
            country: "ZZ".to_owned(),
            wa_id: wa_id.to_owned(),
            dialled: wa_id.to_owned(),
            hides_phone: false,
            user_id: String::new(),
            parent_user_id: None,
            username: None,
            username_at: false,
        }
    }

    /// The same person to somebody who knows the phone number.
    pub(crate) fn showing_phone(mut self) -> Self {
        self.hides_phone = false;
        self
    }

    /// The phone number as webhooks may show it: none for people who hide it.
    pub fn shown_wa_id(&self) -> Option<&str> {
        (!self.hides_phone).then_some(self.wa_id.as_str())
    }

    /// An element of `value.contacts`. `username` is left out of `sent` statuses, hence the choice.
    pub(crate) fn contact(&self, with_username: bool) -> Value {
        let mut profile = Map::from_iter([("name".to_owned(), json!(self.name))]);
        if let Some(username) = self.username.as_ref().filter(|_| with_username) {
            let at = if self.username_at { "@" } else { "" };
            profile.insert("username".to_owned(), json!(format!("{at}{username}")));
        }
        let mut contact = Map::from_iter([
            ("profile".to_owned(), Value::Object(profile)),
            ("user_id".to_owned(), json!(self.user_id)),
        ]);
        if let Some(wa_id) = self.shown_wa_id() {
            contact.insert("wa_id".to_owned(), json!(wa_id));
        }
        if let Some(parent) = &self.parent_user_id {
            contact.insert("parent_user_id".to_owned(), json!(parent));
        }
        Value::Object(contact)
    }

    /// Gives the customer a new number of the same country, and the new ids that come with it.
    pub(crate) fn change_number(&mut self, chance: &mut Chance) {
        let (wa_id, dialled) = phone(&self.country, chance);
        self.wa_id = wa_id;
        self.dialled = dialled;
        self.change_user_id(chance);
    }

    pub(crate) fn change_user_id(&mut self, chance: &mut Chance) {
        self.user_id = user_id(&self.country, chance);
        self.parent_user_id = self
            .parent_user_id
            .as_ref()
            .map(|_| parent_user_id(&self.country, chance));
    }
}

/// Invents `count` people with distinct phone numbers.
///
/// What matters to a receiver goes by turns, so that even a small crowd has every kind: two in five have a username,
/// and half of those hide their phone.
pub(crate) fn invent(count: usize, chance: &mut Chance) -> Vec<Customer> {
    let mut taken = HashSet::new();
    (0..count)
        .map(|place| {
            let (country, names) = NAMES[place % NAMES.len()];
            let (wa_id, dialled) = loop {
                let (wa_id, dialled) = phone(country, chance);
                if taken.insert(wa_id.clone()) {
                    break (wa_id, dialled);
                }
            };
            let username =
                (place % 5 == 2 || place % 5 == 4).then(|| format!("{}.{}", chance.pick(HANDLES), wa_id_tail(&wa_id)));
            Customer {
                name: (*chance.pick(names)).to_owned(),
                country: country.to_owned(),
                wa_id,
                dialled,
                hides_phone: place % 5 == 2,
                user_id: user_id(country, chance),
                parent_user_id: (place % 3 == 0).then(|| parent_user_id(country, chance)),
                username,
                username_at: chance.happens(0.5),
            }
        })
        .collect()
}

fn wa_id_tail(wa_id: &str) -> &str {
    &wa_id[wa_id.len() - 5..]
}

fn user_id(country: &str, chance: &mut Chance) -> String {
    format!("{country}.{}", chance.digits(20))
}

fn parent_user_id(country: &str, chance: &mut Chance) -> String {
    format!("{country}.ENT.{}", chance.digits(20))
}

/// A number as WhatsApp names it, and as it is dialled.
fn phone(country: &str, chance: &mut Chance) -> (String, String) {
    let same = |number: String| (number.clone(), number);
    match country {
        "BR" => {
            let (area, line) = (chance.between(11..=99), chance.digits(8));
            let dialled = format!("55{area}9{line}");
            // Accounts older than the ninth digit keep the short form.
            let wa_id = if chance.happens(0.5) {
                format!("55{area}{line}")
            } else {
                dialled.clone()
            };
            (wa_id, dialled)
        }
        "MX" => {
            let number = chance.digits(10);
            (format!("521{number}"), format!("52{number}"))
        }
        "AR" => {
            let (area, line) = (chance.between(11..=38), chance.digits(8));
            (format!("549{area}{line}"), format!("54{area}{line}"))
        }
        "US" => same(format!("1{}555{}", chance.between(201..=989), chance.digits(4))),
        "IN" => same(format!("919{}", chance.digits(9))),
        "DE" => same(format!("49151{}", chance.digits(8))),
        "PL" => same(format!("48{}", chance.digits(9))),
        "TR" => same(format!("905{}", chance.digits(9))),
        "EG" => same(format!("201{}", chance.digits(9))),
        "KR" => same(format!("8210{}", chance.digits(8))),
        _ => same(format!("346{}", chance.digits(8))),
    }
}

const HANDLES: &[&str] = &[
    "sol",
    "nordwind",
    "maple_",
    "tinta",
    "kite",
    "blue_door",
    "pan.y.luz",
    "tram7",
];

const NAMES: &[(&str, &[&str])] = &[
    (
        "BR",
        &["João Conceição", "Letícia Araújo", "Zé 🌵", "Íris Falcão", "Beto"],
    ),
    ("MX", &["Ximena Ordóñez", "Toño Güemes", "Lucha 💛", "Aarón Peña"]),
    (
        "US",
        &["Maya Whitfield", "Chloë O'Dell", "Dev 🛠️", "Renée St. James", "Sam"],
    ),
    ("AR", &["Malén Agüero", "Nahuel Ibáñez", "Pía", "Julián Ñancucheo"]),
    ("IN", &["अनन्या राव", "Kabir Sethi", "தமிழ்செல்வி", "Meera 🌸"]),
    ("DE", &["Jörg Strauß", "Käthe Löwe", "Ömer Yıldız", "Swantje"]),
    ("ES", &["Begoña Núñez", "Íñigo Lavín", "Nerea", "Àlex Puig"]),
    ("PL", &["Łukasz Gżegżółka", "Świętosława", "Kuba 🚲"]),
    ("TR", &["Şükrü Öztürk", "Iğdır'lı Çağla", "Ece"]),
    ("EG", &["ليلى منصور", "يوسف", "Nour ✨"]),
    ("KR", &["김하늘", "박서준", "Jiwoo 🐈‍⬛"]),
];
