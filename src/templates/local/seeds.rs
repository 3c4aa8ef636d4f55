//! Initial message templates of a tenant, as examples to edit or delete.

use super::{Choice, LocalContent, Row, Section};

/// Returns the names and contents.
pub(crate) fn seeds() -> Vec<(&'static str, LocalContent)> {
    let choice = |id: &str, title: &str| Choice {
        id: id.to_owned(),
        title: title.to_owned(),
    };
    let row = |id: &str, title: &str, description: &str| Row {
        id: id.to_owned(),
        title: title.to_owned(),
        description: Some(description.to_owned()),
    };
    let text = |body: &str| LocalContent::Text {
        body: body.to_owned(),
        preview_url: None,
    };
    let topics = vec![
        row("orders", "Orders", "Where is it, change it, return it"),
        row("products", "Products", "Questions before you buy"),
        row("billing", "Billing", "Invoices and payments"),
        row("other", "Something else", "Talk to a person"),
    ];
    vec![
        (
            "greeting",
            text("Hello {{name}}, thank you for writing to us. How can we help you?"),
        ),
        (
            "away",
            text("Thank you for your message. We are away at the moment and will answer {{when}}."),
        ),
        (
            "solved",
            LocalContent::Buttons {
                header: None,
                body: "Hello {{name}}, did this answer your question?".to_owned(),
                footer: None,
                buttons: vec![choice("yes", "Yes, thank you"), choice("no", "Not yet")],
            },
        ),
        (
            "topics",
            LocalContent::List {
                header: None,
                body: "Hello {{name}}, what is it about?".to_owned(),
                footer: None,
                button: "Choose a topic".to_owned(),
                sections: vec![Section {
                    title: None,
                    rows: topics,
                }],
            },
        ),
    ]
}
