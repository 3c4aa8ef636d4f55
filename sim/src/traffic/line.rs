//! The two ids a change is addressed to.

use serde_json::{Map, Value, json};

use crate::SimConfig;
use crate::chance::Chance;

/// A business phone number and the account it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub waba_id: String,
    pub phone_number_id: String,
    pub display_phone_number: String,
}

impl Line {
    pub fn configured(config: &SimConfig) -> Self {
        Self {
            waba_id: config.waba_id.clone(),
            phone_number_id: config.phone_number_id.clone(),
            display_phone_number: config.display_phone_number.clone(),
        }
    }

    /// A number of an account that the receiver has never heard of.
    pub fn invented(chance: &mut Chance) -> Self {
        Self {
            waba_id: chance.digits(15),
            phone_number_id: chance.digits(15),
            display_phone_number: format!("1{}555{}", chance.between(201..=989), chance.digits(4)),
        }
    }

    /// The head of every value that concerns a phone number.
    pub fn value(&self) -> Map<String, Value> {
        object(json!({
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": self.display_phone_number,
                "phone_number_id": self.phone_number_id,
            },
        }))
    }
}

/// Takes the map out of a `json!({…})`.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}
