use serde_json::json;

use super::{Access, Error, GraphClient};

/// Kind of read receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Blue ticks, on this message and all before it.
    Read,
    /// Blue ticks, and a typing indicator until the business answers, for at most 25 seconds.
    Typing,
}

impl GraphClient {
    /// Marks an inbound message as read. Meta rejects messages older than 30 days (131009).
    pub async fn mark_read(&self, access: Access<'_>, wamid: &str, receipt: Receipt) -> Result<(), Error> {
        let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": wamid });
        if receipt == Receipt::Typing {
            body["typing_indicator"] = json!({ "type": "text" });
        }
        let request = self.post(access, &[access.phone_number_id, "messages"]).json(&body);
        self.request_success("receipt", request, access.token).await
    }
}
