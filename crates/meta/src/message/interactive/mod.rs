//! Interactive messages: buttons, lists, links, flows, products, requests.
//!
//! The table `SHAPES` has a row per type: which header, body and footer it allows, and the reader of its action.

mod buttons;
mod carousel;
mod header;
mod named;
mod products;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use buttons::{ListRow, ListSection, ReplyButton, ReplyOption};
pub use carousel::{CardAction, CardButton, CarouselCard};
pub use header::InteractiveHeader;
pub use named::{ActionParameters, NamedAction};
pub use products::{ProductItem, ProductSection};

use super::{
    MediaKind, MediaRef, payment,
    read::{Field, FieldResult, Object},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interactive {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<InteractiveHeader>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<TextBlock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<TextBlock>,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TextBlock {
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Action {
    Buttons {
        buttons: Vec<ReplyButton>,
    },
    List {
        button: String,
        sections: Vec<ListSection>,
    },
    Product {
        catalog_id: String,
        product_retailer_id: String,
    },
    ProductList {
        catalog_id: String,
        sections: Vec<ProductSection>,
    },
    Cards {
        cards: Vec<CarouselCard>,
    },
    Named(NamedAction),
}

/// Allowed parts of an interactive type.
struct Shape {
    kind: &'static str,
    header: Heading,
    body: Body,
    footer: Footer,
    action: fn(&Field<'_>) -> FieldResult<Action>,
}

#[derive(Clone, Copy, PartialEq)]
enum Heading {
    None,
    /// Text or media.
    Any,
    Text,
    RequiredText,
}

#[derive(Clone, Copy)]
enum Body {
    /// With the maximum length in characters.
    Required(usize),
    Optional(usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Footer {
    None,
    Optional,
}

const BODY: usize = 1_024;
const FOOTER: usize = 60;

/// Former name of `request_contact_info`, until 28 May 2026; accepted, and sent under the new name.
const OLD_CONTACT_REQUEST: &str = "contact_request";

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape { kind: "button",                   header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: buttons::buttons },
    Shape { kind: "list",                     header: Heading::Text,     body: Body::Required(4_096), footer: Footer::Optional,  action: buttons::list },
    Shape { kind: "cta_url",                  header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: named::url },
    Shape { kind: "flow",                     header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: named::flow },
    Shape { kind: "product",                  header: Heading::None,     body: Body::Optional(BODY),   footer: Footer::Optional,  action: products::product },
    Shape { kind: "product_list",             header: Heading::RequiredText, body: Body::Required(BODY),  footer: Footer::Optional,  action: products::list },
    Shape { kind: "catalog_message",          header: Heading::None,     body: Body::Required(BODY),  footer: Footer::Optional,  action: named::catalog },
    Shape { kind: "carousel",                 header: Heading::None,     body: Body::Required(BODY),  footer: Footer::None, action: carousel::read },
    Shape { kind: "location_request_message", header: Heading::None,     body: Body::Required(BODY),  footer: Footer::None, action: named::location },
    Shape { kind: "address_message",          header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: named::address },
    Shape { kind: "voice_call",               header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: named::voice_call },
    Shape { kind: "call_permission_request",  header: Heading::None,     body: Body::Optional(BODY),   footer: Footer::None, action: named::call_permission },
    Shape { kind: "order_details",            header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: named::order_details },
    Shape { kind: "order_status",             header: Heading::Any,      body: Body::Required(BODY),  footer: Footer::Optional,  action: named::order_status },
    Shape { kind: "request_contact_info",     header: Heading::None,     body: Body::Required(BODY),  footer: Footer::None, action: named::contact },
];

pub(super) fn read(at: &Field<'_>) -> FieldResult<Interactive> {
    let mut interactive = at.object()?;
    let mut kinds: Vec<&'static str> = SHAPES.iter().map(|shape| shape.kind).collect();
    kinds.push(OLD_CONTACT_REQUEST);
    let kind = match interactive.required("type")?.one_of(&kinds)? {
        OLD_CONTACT_REQUEST => "request_contact_info",
        kind => kind,
    };
    let shape = SHAPES
        .iter()
        .find(|shape| shape.kind == kind)
        .expect("the word is one of theirs");
    let read = Interactive {
        kind,
        header: header::read(&mut interactive, shape.header)?,
        body: body(&mut interactive, shape.body)?,
        footer: match shape.footer {
            Footer::Optional => interactive
                .optional("footer")
                .map(|at| text_block(&at, FOOTER))
                .transpose()?,
            Footer::None => None,
        },
        action: (shape.action)(&interactive.required("action")?)?,
    };
    interactive.deny_unknown().map(|()| read)
}

fn body(interactive: &mut Object<'_>, rule: Body) -> FieldResult<Option<TextBlock>> {
    match rule {
        Body::Required(max) => text_block(&interactive.required("body")?, max).map(Some),
        Body::Optional(max) => interactive.optional("body").map(|at| text_block(&at, max)).transpose(),
    }
}

fn text_block(at: &Field<'_>, max: usize) -> FieldResult<TextBlock> {
    let mut object = at.object()?;
    let text = object.text("text", max)?;
    object.deny_unknown().map(|()| TextBlock { text })
}

impl Interactive {
    pub(super) fn check_expiry(&self, now: DateTime<Utc>) -> FieldResult<()> {
        match &self.action {
            Action::Named(NamedAction {
                parameters: Some(ActionParameters::Order(order)),
                ..
            }) => payment::check_expiry(order, || "interactive.action.parameters".to_owned(), now),
            _ => Ok(()),
        }
    }

    pub(super) fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        let mut found: Vec<_> = self
            .header
            .as_mut()
            .and_then(InteractiveHeader::file)
            .into_iter()
            .collect();
        if let Action::Cards { cards } = &mut self.action {
            found.extend(
                cards
                    .iter_mut()
                    .filter_map(|card| card.header.as_mut().and_then(InteractiveHeader::file)),
            );
        }
        found
    }
}

/// Rejects a value that occurred before.
fn refuse_duplicate(at: &Field<'_>, word: &str, seen: &mut Vec<String>) -> FieldResult<()> {
    if seen.iter().any(|it| it == word) {
        return Err(at.problem("must differ from the others, or the answers could not be told apart"));
    }
    seen.push(word.to_owned());
    Ok(())
}
