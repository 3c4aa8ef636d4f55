//! What the business writes on its own phone, seen from the platform's side.

use serde_json::{Value, json};

use super::change::Change;
use super::line::object;
use super::messages::Scene;
use crate::chance::Direction;
use crate::talk::ANSWERS;
use crate::{InboundFile, Item, Message, Source};

/// An echo, and what the statuses that follow need to know.
pub(super) struct Echo {
    pub change: Change,
    pub wamid: String,
    pub voice: bool,
    /// Edits and deletions of a message get no status of their own.
    pub has_statuses: bool,
}

impl Scene<'_> {
    pub fn echo(&mut self) -> Echo {
        let wamid = self.chance.wamid(Direction::FromBusiness);
        let original = self.memory.businesses_own(self.chance);
        let answer = *self.chance.pick(ANSWERS);
        let kinds = [("text", 70), ("image", 10), ("audio", 10), ("edit", 5), ("revoke", 5)];
        let kind = self.chance.weighted(&kinds).unwrap_or("text");
        let payload = match kind {
            "image" => self.echoed_file("image/jpeg", json!({"caption": answer})),
            "audio" => self.echoed_file("audio/ogg; codecs=opus", json!({"voice": true})),
            "edit" => {
                json!({"original_message_id": original, "message": {"type": "text", "text": {"body": answer}}})
            }
            "revoke" => json!({"original_message_id": original}),
            _ => json!({"body": answer}),
        };
        let mut echo = json!({
            "from": self.line.display_phone_number,
            "to_user_id": self.customer.user_id,
            "id": wamid,
            "timestamp": self.timestamp.to_string(),
            "type": kind,
            kind: payload,
        });
        if let Some(wa_id) = self.customer.shown_wa_id() {
            echo["to"] = json!(wa_id);
        }
        let mut value = self.line.value();
        if self.chance.happens(0.5) {
            value.insert("contacts".to_owned(), json!([self.customer.contact(true)]));
        }
        value.insert("message_echoes".to_owned(), json!([echo]));

        let has_statuses = !matches!(kind, "edit" | "revoke");
        if has_statuses {
            self.memory.business_wrote(&wamid);
        }
        let item = Item::Message(Message {
            phone_number_id: self.line.phone_number_id.clone(),
            wamid: wamid.clone(),
            source: Source::Echo,
            message_type: kind.to_owned(),
            shape: None,
            from: Some(self.line.display_phone_number.clone()),
            user_id: self.customer.user_id.clone(),
            timestamp: self.timestamp,
        });
        let files = std::mem::take(&mut self.files);
        let change = Change::of_number(self.line, "smb_message_echoes", value, vec![item]).naming(files);
        Echo {
            change,
            wamid,
            voice: kind == "audio",
            has_statuses,
        }
    }

    fn echoed_file(&mut self, mime_type: &str, more: Value) -> Value {
        let named = InboundFile::invent(mime_type, false, self.chance);
        let mut file = object(json!({"id": named.id, "mime_type": mime_type, "sha256": named.sha256}));
        self.files.push(named);
        file.extend(object(more));
        Value::Object(file)
    }
}
