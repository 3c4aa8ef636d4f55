//! Origin of a message: the message it replies to, the advertisement that was tapped.

use crate::webhook::json::JsonTree;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Wamid of the message replied to.
    pub message_id: Option<String>,
    /// Sender of that message, as sent; absent for users without a phone number.
    pub from: Option<String>,
    pub forwarded: bool,
    /// Forwarded more than five times.
    pub frequently_forwarded: bool,
    /// The product that the message asks about.
    pub referred_product: Option<ReferredProduct>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferredProduct {
    pub catalog_id: Option<String>,
    pub product_retailer_id: Option<String>,
}

impl Context {
    pub(super) fn read(json: &JsonTree<'_>) -> Option<Context> {
        let product = json.get("referred_product");
        let context = Context {
            message_id: json.get("id").id(),
            from: json.get("from").id(),
            forwarded: json.get("forwarded").flag().unwrap_or(false),
            frequently_forwarded: json.get("frequently_forwarded").flag().unwrap_or(false),
            referred_product: product.is_object().then(|| ReferredProduct {
                catalog_id: product.get("catalog_id").text(),
                product_retailer_id: product.get("product_retailer_id").text(),
            }),
        };
        (context != Context::default()).then_some(context)
    }
}

/// The advertisement or post that was tapped (click to WhatsApp).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Referral {
    pub source_url: Option<String>,
    pub source_id: Option<String>,
    /// `ad` or `post`.
    pub source_type: Option<String>,
    pub headline: Option<String>,
    pub body: Option<String>,
    /// `image` or `video`; the type of `media_url`.
    pub media_type: Option<String>,
    pub media_url: Option<String>,
    pub thumbnail_url: Option<String>,
    /// Click id for the Conversions API; missing for WhatsApp Status placements.
    pub ctwa_clid: Option<String>,
    pub welcome_text: Option<String>,
}

impl Referral {
    pub(super) fn read(json: &JsonTree<'_>) -> Option<Referral> {
        let referral = Referral {
            source_url: json.get("source_url").text(),
            source_id: json.get("source_id").text(),
            source_type: json.get("source_type").text(),
            headline: json.get("headline").text(),
            body: json.get("body").text(),
            media_type: json.get("media_type").text(),
            media_url: json.get("image_url").text().or_else(|| json.get("video_url").text()),
            thumbnail_url: json.get("thumbnail_url").text(),
            ctwa_clid: json.get("ctwa_clid").text(),
            welcome_text: json.get("welcome_message").get("text").text(),
        };
        (referral != Referral::default()).then_some(referral)
    }
}
