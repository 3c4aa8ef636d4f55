//! An example for the body of every request. Ids are placeholders.

use serde_json::{Value, json};

use super::payloads;

/// An operation id, and an example of its body.
type RequestExample = (&'static str, fn() -> Value);

#[rustfmt::skip]
const EXAMPLES: &[RequestExample] = &[
    ("sendMessages", || json!({"messages": [
        {"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456789"}, "type": "text", "text": {"body": "It is on its way."}, "reference": "order-1042", "idempotency_key": "order-1042-sent"},
        {"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "to": {"phone": "+4915123456790"}, "type": "text", "text": {"body": "It is on its way."}, "reference": "order-1043", "idempotency_key": "order-1043-sent"},
    ]})),
    ("cancelMessages", || json!({"ids": ["msg_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"]})),
    ("retryDeadLetters", || json!({"queue": "inbound", "error": "connection reset by peer"})),
    ("resolveMessage", || json!({"resolution": "resend"})),
    ("markMessageRead", || json!({"typing": true})),
    ("createContact", || json!({"phone": "+49 151 23456789", "given_name": "Ana Sommer", "language": "de", "tags": ["vip"]})),
    ("updateContact", || json!({"given_name": "Ana Winter", "remove_tags": ["vip"]})),
    ("upsertContact", || json!({"given_name": "Ana Sommer", "country": "DE", "lists": ["newsletter"]})),
    ("upsertContacts", || json!({"contacts": [{"phone": "+4915123456789", "given_name": "Ana Sommer"}, {"phone": "+4915123456790", "external_id": "customer-1043"}]})),
    ("mergeContacts", || json!({"from": "con_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"})),
    ("recordConsent", || json!({"purpose": "marketing", "status": "granted", "source": "form", "evidence": {"form": "newsletter", "ip": "203.0.113.7"}})),
    ("createVerification", || json!({"numbers": ["+49 151 23456789", "0151 23456790"], "default_country": "DE"})),
    ("createTag", || json!({"name": "vip", "colour": "3b82f6"})),
    ("updateTag", || json!({"name": "best customers"})),
    ("createList", || json!({"name": "newsletter"})),
    ("updateList", || json!({"name": "newsletter 2026"})),
    ("createContactField", || json!({"key": "plan", "type": "choice", "choices": ["basic", "gold"]})),
    ("updateContactField", || json!({"label": "City"})),
    ("blockCustomers", || json!({"users": [{"phone": "+4915123456789"}]})),
    ("unblockCustomers", || json!({"users": [{"phone": "+4915123456789"}]})),
    ("createKeywordRule", || json!({"action": "stop", "language": "de", "words": ["Stopp", "Abmelden", "keine Nachrichten mehr"], "polite_tails": ["bitte", "danke"], "reply": "Sie erhalten keine Werbung mehr von uns. Mit START erhalten Sie sie wieder."})),
    ("replaceKeywordRule", || json!({"action": "help", "language": "en", "words": ["help"], "enabled": false})),
    ("createSegment", || json!({"name": "Active in Pune", "filter": "fields.city = \"Pune\" and last_inbound > -30d and not consent.marketing = \"revoked\""})),
    ("updateSegment", || json!({"filter": "fields.city in (\"Pune\", \"Surat\") and last_inbound > -30d"})),
    ("previewSegment", || json!({"filter": "tag = \"vip\" and window is open"})),
    ("createCampaign", || json!({"name": "Autumn offers", "audience": {"tag": "vip"}, "exclude": [{"filter": "last_inbound > -7d"}], "channels": ["chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"], "template": {"name": "autumn_offer", "language": "en_US"}, "variables": {"body.1": {"field": "name", "fallback": "friend"}}, "rate_per_second": 10})),
    ("updateCampaign", || json!({"name": "Winter offers", "rate_per_second": 20})),
    ("retryCampaign", || json!({"classes": ["throughput", "not_sent"]})),
    ("beginPreflight", || json!({"starts_at": "2026-12-24T08:00:00Z"})),
    ("launchCampaign", || json!({"starts_at": "2026-12-24T08:00:00Z"})),
    ("importMedia", || json!({"url": "https://example.com/files/lamp.jpg", "type": "image"})),
    ("createEndpoint", || json!({"url": "https://example.com/webhooks", "event_types": ["message.*", "contact.created"]})),
    ("updateEndpoint", || json!({"event_types": ["message.received"]})),
    ("replayToEndpoint", || json!({"from": "2026-11-20T00:00:00Z", "states": ["dead", "missing"]})),
    ("createTemplate", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f", "name": "order_update", "language": "en_US", "category": "UTILITY", "components": [{"type": "BODY", "text": "Hello {{1}}, your order is on its way.", "example": {"body_text": [["Ana"]]}}]})),
    ("updateTemplate", || json!({"components": [{"type": "BODY", "text": "Hello {{1}}, your order has left us.", "example": {"body_text": [["Ana"]]}}]})),
    ("previewTemplate", || json!({"variables": {"body.1": "Ana"}})),
    ("createMessageTemplate", || json!({"name": "shipped", "content": {"type": "text", "body": "Hello {{name}}, your order has left us."}})),
    ("updateMessageTemplate", || json!({"name": "order_shipped"})),
    ("createMessageTemplateVersion", || json!({"content": {"type": "text", "body": "Good day {{name}}, your order has left us."}})),
    ("previewMessageTemplate", || json!({"variables": {"name": "Ana"}})),
    ("syncTemplates", || json!({"channel_id": "chn_0199a1c05a6b7c8d9e0f1a2b3c4d5e6f"})),
    ("addChannel", || json!({"phone_number_id": "106540352242922", "waba_id": "102290129340398", "access_token": "EAAJB…"})),
    ("replayRawEvents", || json!({"from": "2026-11-20T00:00:00Z", "state": "dead", "dry_run": true})),
    ("createTenant", || json!({"name": "Acme"})),
    ("updateTenant", || json!({"messages_per_second": 50})),
    ("createApiKey", || json!({"name": "shop", "scopes": ["read", "write"]})),
];

/// Adds the examples.
pub(super) fn add(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else {
        return;
    };
    for operation in paths
        .values_mut()
        .filter_map(Value::as_object_mut)
        .flat_map(|item| item.values_mut())
    {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let Some(body) = operation.pointer_mut("/requestBody/content/application~1json") else {
            continue;
        };
        if id == "sendMessage" {
            body["examples"] = Value::Object(payloads::examples());
        } else if let Some((_, example)) = EXAMPLES.iter().find(|it| it.0 == id) {
            body["example"] = example();
        }
    }
}
