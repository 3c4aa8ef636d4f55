//! What a business sets on a number: settings, profile, registration.

use serde_json::{Value, json};

use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::{Call, select};
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;

impl Graph {
    pub(crate) fn settings(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        Ok(lock(&number.card).settings.clone())
    }

    pub(crate) fn set_settings(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        merge(&mut lock(&number.card).settings, body);
        Ok(success())
    }

    pub(crate) fn profile(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Messaging)?;
        let profile = lock(&number.card).profile.clone();
        let fields = call.fields().map(|mut fields| {
            fields.push("messaging_product");
            fields
        });
        Ok(json!({"data": [select(profile, fields.as_deref())]}))
    }

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
        merge(&mut lock(&number.card).profile, body);
        Ok(success())
    }

    /// `POST /{phone_number_id}/register` with a PIN of six digits, and `/deregister`.
    pub(crate) fn register(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        let pin = Field::root(body);
        let pin = pin.at("pin").text(6)?;
        if pin.len() != 6 || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::new(100, "pin must have 6 digits."));
        }
        "CONNECTED".clone_into(&mut lock(&number.card).status);
        Ok(success())
    }

    pub(crate) fn deregister(&self, call: &Call) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Management)?;
        "DISCONNECTED".clone_into(&mut lock(&number.card).status);
        Ok(success())
    }
}

/// Members of `new` take the place of those in `old`.
fn merge(old: &mut Value, new: &Value) {
    if let (Value::Object(old), Value::Object(new)) = (old, new) {
        old.extend(new.clone());
    }
}
