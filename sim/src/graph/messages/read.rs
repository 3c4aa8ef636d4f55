//! Read receipts and typing indicators.

use serde_json::Value;

use super::ReadReceipt;
use crate::graph::Graph;
use crate::graph::answer::success;
use crate::graph::refusal::Refusal;
use crate::graph::request::Call;
use crate::graph::tokens::Scope;
use crate::graph::validation::Field;
use crate::simulator::lock;

impl Graph {
    pub(crate) fn read(&self, call: &Call, body: &Value) -> Result<Value, Refusal> {
        let number = self.addressed(call, Scope::Messaging)?;
        let root = Field::root(body);
        root.is_whatsapp()?;
        root.at("status").one_of(&["read"])?;
        let message = root.at("message_id");
        let wamid = message.text(usize::MAX)?;
        let typing = root.at("typing_indicator");
        if typing.is_given() {
            typing.at("type").one_of(&["text"])?;
        }
        let phone_number_id = &number.line.phone_number_id;
        if self.enforcement().references && !self.knows(phone_number_id, wamid) {
            return Err(message.wrong("is not a message of this number"));
        }
        lock(&self.sends).reads.push(ReadReceipt {
            phone_number_id: phone_number_id.clone(),
            wamid: wamid.to_owned(),
            typing: typing.is_given(),
            at_ms: self.time.now() / 1_000,
        });
        Ok(success())
    }
}
