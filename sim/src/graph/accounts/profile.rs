//! The business profile of a number.

use serde_json::{Value, json};

use super::settings::merge;
use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::{Call, select};
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;

/// The industries a business can choose. `UNDEFINED` and `NOT_A_BIZ` can be read, and not set.
const VERTICALS: [&str; 22] = [
    "ALCOHOL",
    "APPAREL",
    "AUTO",
    "BEAUTY",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GOVT",
    "GROCERY",
    "HEALTH",
    "HOTEL",
    "MATRIMONY_SERVICE",
    "NONPROFIT",
    "ONLINE_GAMBLING",
    "OTC_DRUGS",
    "OTHER",
    "PHYSICAL_GAMBLING",
    "PROF_SERVICES",
    "RESTAURANT",
    "RETAIL",
    "TRAVEL",
];

/// The profile of a number that nobody has set: `messaging_product` and `vertical` are always there.
pub(super) fn unset() -> Value {
    json!({"messaging_product": "whatsapp", "about": "Hand-made lamps", "vertical": "UNDEFINED"})
}

impl Graph {
    /// `GET /{phone_number_id}/whatsapp_business_profile`.
    pub(crate) fn profile(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Messaging)?;
        let profile = lock(&number.card).profile.clone();
        let fields = call.fields().map(|mut fields| {
            fields.push("messaging_product");
            fields
        });
        Ok(json!({"data": [select(profile, fields.as_deref())]}))
    }

    /// `POST /{phone_number_id}/whatsapp_business_profile`: what is not named stays.
    pub(crate) fn set_profile(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Messaging)?;
        let root = Field::root(body);
        root.is_whatsapp()?;
        for (name, most) in [("about", 139), ("address", 256), ("description", 512), ("email", 128)] {
            root.at(name).optional_text(most)?;
        }
        let websites = root.at("websites");
        if websites.is_given() {
            for website in websites.list(0, 2)? {
                website.text(256)?;
            }
        }
        if root.at("vertical").is_given() {
            root.at("vertical").one_of(&VERTICALS)?;
        }
        let mut change = body.clone();
        if let Some(handle) = root.at("profile_picture_handle").optional_text(usize::MAX)? {
            // What is uploaded under a handle is shown at an address.
            change["profile_picture_url"] = json!(format!("https://pps.whatsapp.example/{handle}"));
            change["profile_picture_handle"].take();
        }
        let mut card = lock(&number.card);
        merge(&mut card.profile, &change);
        if let Some(profile) = card.profile.as_object_mut() {
            profile.retain(|_, value| !value.is_null());
        }
        Ok(success())
    }
}
