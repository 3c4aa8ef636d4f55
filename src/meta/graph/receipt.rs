use serde_json::json;

use super::{Access, Client, Error};

/// What the customer gets to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Blue ticks, on this message and all before it.
    Read,
    /// The same, and "typing…" until we answer, for at most 25 seconds.
    Typing,
}

impl Client {
    /// Marks an inbound message as read. Messages older than 30 days are refused (131009).
    pub async fn read(&self, access: Access<'_>, wamid: &str, receipt: Receipt) -> Result<(), Error> {
        let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": wamid });
        if receipt == Receipt::Typing {
            body["typing_indicator"] = json!({ "type": "text" });
        }
        let request = self.post(access, &[access.phone_number_id, "messages"]).json(&body);
        self.order("receipt", request, access.token).await
    }
}
