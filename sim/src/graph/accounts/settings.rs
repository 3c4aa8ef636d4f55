//! What a business sets on a number: settings, registration.

use serde_json::Value;

use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
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
pub(super) fn merge(old: &mut Value, new: &Value) {
    if let (Value::Object(old), Value::Object(new)) = (old, new) {
        old.extend(new.clone());
    }
}
