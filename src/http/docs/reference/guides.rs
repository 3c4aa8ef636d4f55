//! The guides beside the reference.

use super::markdown;

/// A guide.
pub(super) struct Guide {
    /// In its address.
    pub name: &'static str,
    pub title: &'static str,
    /// HTML.
    pub body: String,
}

/// Returns all guides in their order.
pub(super) fn all() -> Vec<Guide> {
    const TEXTS: [(&str, &str, &str); 6] = [
        ("send", "Send", include_str!("../../../../docs/guides/send.md")),
        ("receive", "Receive", include_str!("../../../../RECEIVERS.md")),
        (
            "templates",
            "Templates",
            include_str!("../../../../docs/guides/templates.md"),
        ),
        (
            "broadcast",
            "Campaigns",
            include_str!("../../../../docs/guides/broadcast.md"),
        ),
        ("errors", "Errors", include_str!("../../../../docs/guides/errors.md")),
        ("media", "Media", include_str!("../../../../docs/guides/media.md")),
    ];
    let guide = |(name, title, text)| Guide {
        name,
        title,
        body: markdown::html(text),
    };
    TEXTS.map(guide).into()
}
