//! Events of orders from the catalogue.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{sample, types};
use mainstay_core::domain::{ChannelId, ContactId, ConversationId, MessageId};

/// An order that a contact has sent.
#[derive(Serialize, ToSchema)]
pub struct Received<'a> {
    pub order: Order<'a>,
    /// The message that contained it, which also has a `message.received` event.
    pub message_id: MessageId,
    pub wamid: &'a str,
    pub channel_id: ChannelId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    /// The sender as Meta names it: a phone number or a user id.
    #[schema(required)]
    pub from: Option<&'a str>,
}

/// The contents of an order.
#[derive(Serialize, ToSchema)]
pub struct Order<'a> {
    #[schema(required)]
    pub catalog_id: Option<&'a str>,
    /// The customer's note.
    #[schema(required)]
    pub text: Option<&'a str>,
    pub items: Vec<OrderedItem<'a>>,
}

/// An item of an order.
#[derive(Serialize, ToSchema)]
pub struct OrderedItem<'a> {
    #[schema(required)]
    pub product_retailer_id: Option<&'a str>,
    #[schema(required)]
    pub quantity: Option<i64>,
    /// Price per piece: a decimal as sent, because floats are not exact.
    #[schema(required)]
    pub item_price: Option<&'a str>,
    #[schema(required)]
    pub currency: Option<&'a str>,
}

types! {
    RECEIVED = "order.received", Received<'static>,
        "A contact sent an order from the catalogue.",
        json!({
            "order": { "catalog_id": "194836987003835", "text": "Please before Friday",
                "items": [{ "product_retailer_id": "mug-blue", "quantity": 2, "item_price": "12.50", "currency": "EUR" }] },
            "message_id": sample::MESSAGE, "wamid": sample::WAMID, "channel_id": sample::CHANNEL,
            "conversation_id": sample::CONVERSATION, "contact_id": sample::CONTACT, "from": sample::CUSTOMER,
        });
}
