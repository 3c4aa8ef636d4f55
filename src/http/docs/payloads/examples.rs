//! Examples of requests that send a message. A test posts every one of them.

use serde_json::{Map, Value, json};

/// (name, what it is, request)
pub(in crate::http::docs) type Example = (&'static str, &'static str, fn() -> Value);

/// All examples. Their ids, and the channel, are placeholders.
#[rustfmt::skip]
pub(in crate::http::docs) const EXAMPLES: &[Example] = &[
    ("text", "A text", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "text", "text": {"body": "It is on its way."}, "reference": "order-1042"})),
    ("image", "A picture", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "image", "image": {"link": "https://example.com/files/lamp.jpg", "caption": "The new lamp"}})),
    ("audio", "A recording", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "audio", "audio": {"link": "https://example.com/files/note.ogg", "voice": true}})),
    ("video", "A video", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "video", "video": {"link": "https://example.com/files/lamp.mp4", "caption": "How to hang it"}})),
    ("document", "A document", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "document", "document": {"link": "https://example.com/files/invoice.pdf", "filename": "Invoice 1042.pdf"}})),
    ("sticker", "A sticker", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "sticker", "sticker": {"link": "https://example.com/files/thanks.webp"}})),
    ("location", "A location", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "location", "location": {"latitude": 52.5163, "longitude": 13.3777, "name": "Our shop", "address": "Pariser Platz, Berlin"}})),
    ("contacts", "Contacts", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "contacts", "contacts": [{"name": {"formatted_name": "Ana Paz", "first_name": "Ana"}, "phones": [{"phone": "+491511111111", "type": "WORK"}]}]})),
    ("reaction", "A reaction", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "reaction", "reaction": {"message_id": "wamid.HBgLMTU1NTAxMDA3NzcVAgASGBQzQTAx", "emoji": "👍"}})),
    ("buttons", "Buttons to answer with", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "interactive", "interactive": {"type": "button", "body": {"text": "Does Monday suit you?"}, "action": {"buttons": [{"type": "reply", "reply": {"id": "yes", "title": "Yes"}}, {"type": "reply", "reply": {"id": "no", "title": "No"}}]}}})),
    ("list", "A list to choose from", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "interactive", "interactive": {"type": "list", "body": {"text": "When shall we come?"}, "footer": {"text": "All times are local"}, "action": {"button": "Times", "sections": [{"title": "Monday", "rows": [{"id": "mon-9", "title": "9 to 12", "description": "In the morning"}, {"id": "mon-14", "title": "14 to 17"}]}]}}})),
    ("url", "A button that opens an address", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "interactive", "interactive": {"type": "cta_url", "header": {"type": "text", "text": "Order 1042"}, "body": {"text": "Follow your parcel."}, "action": {"name": "cta_url", "parameters": {"display_text": "Follow", "url": "https://example.com/orders/1042"}}}})),
    ("flow", "A form", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "interactive", "interactive": {"type": "flow", "body": {"text": "Book a visit."}, "action": {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "1234567890", "flow_cta": "Book", "flow_token": "visit-1042"}}}})),
    ("location_request", "Asking for a location", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "interactive", "interactive": {"type": "location_request_message", "body": {"text": "Where shall we deliver?"}, "action": {"name": "send_location"}}})),
    ("template", "A template, with variables", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "template", "template": {"name": "order_shipped", "language": "en_US", "variables": {"body.1": "Ana", "body.2": "1042"}}})),
    ("template_components", "A template, with Meta's components", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "template", "template": {"name": "order_update", "language": {"code": "en_US"}, "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]}})),
    ("conversation", "An answer in a conversation", || json!({"to": {"conversation_id": "cnv_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"}, "type": "text", "text": {"body": "We are open until six."}, "context": {"message_id": "msg_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"}})),
    ("message_template", "A message template of your own", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"contact_id": "con_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"}, "message_template": {"name": "shipped", "variables": {"name": "Ana"}}})),
];

/// Returns the examples as the document has them.
pub(in crate::http::docs) fn examples() -> Map<String, Value> {
    let example = |(name, what, request): &Example| {
        let shown = json!({ "summary": what, "value": request() });
        ((*name).to_owned(), shown)
    };
    EXAMPLES.iter().map(example).collect()
}
