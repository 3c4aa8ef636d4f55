//! Messages with something to tap: buttons, lists, links, flows, products, requests.
//!
//! The table `SHAPES` has a line per type: what stands around its action, and who reads that.

mod buttons;
mod carousel;
mod header;
mod named;
mod products;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use buttons::{ListRow, ListSection, Reply, ReplyButton};
pub use carousel::{Card, CardAction, CardButton};
pub use header::Header;
pub use named::{Named, Parameters};
pub use products::{ProductItem, ProductSection};

use super::{
    MediaKind, MediaRef, payment,
    read::{At, Object, Read},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interactive {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<Words>,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Words {
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
        cards: Vec<Card>,
    },
    Named(Named),
}

/// What stands around the action of a type.
struct Shape {
    kind: &'static str,
    header: Heading,
    body: Body,
    footer: Footer,
    action: fn(&At<'_>) -> Read<Action>,
}

#[derive(Clone, Copy, PartialEq)]
enum Heading {
    None,
    /// Text or a file.
    Any,
    Text,
    MustText,
}

#[derive(Clone, Copy)]
enum Body {
    /// With the longest it may be, in characters.
    Must(usize),
    May(usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Footer {
    None,
    May,
}

const BODY: usize = 1_024;
const FOOTER: usize = 60;

/// The name of `request_contact_info` until 28 May 2026: still taken, and sent under the new one.
const OLD_CONTACT_REQUEST: &str = "contact_request";

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape { kind: "button",                   header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: buttons::buttons },
    Shape { kind: "list",                     header: Heading::Text,     body: Body::Must(4_096), footer: Footer::May,  action: buttons::list },
    Shape { kind: "cta_url",                  header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: named::url },
    Shape { kind: "flow",                     header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: named::flow },
    Shape { kind: "product",                  header: Heading::None,     body: Body::May(BODY),   footer: Footer::May,  action: products::product },
    Shape { kind: "product_list",             header: Heading::MustText, body: Body::Must(BODY),  footer: Footer::May,  action: products::list },
    Shape { kind: "catalog_message",          header: Heading::None,     body: Body::Must(BODY),  footer: Footer::May,  action: named::catalog },
    Shape { kind: "carousel",                 header: Heading::None,     body: Body::Must(BODY),  footer: Footer::None, action: carousel::read },
    Shape { kind: "location_request_message", header: Heading::None,     body: Body::Must(BODY),  footer: Footer::None, action: named::location },
    Shape { kind: "address_message",          header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: named::address },
    Shape { kind: "voice_call",               header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: named::voice_call },
    Shape { kind: "call_permission_request",  header: Heading::None,     body: Body::May(BODY),   footer: Footer::None, action: named::call_permission },
    Shape { kind: "order_details",            header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: named::order_details },
    Shape { kind: "order_status",             header: Heading::Any,      body: Body::Must(BODY),  footer: Footer::May,  action: named::order_status },
    Shape { kind: "request_contact_info",     header: Heading::None,     body: Body::Must(BODY),  footer: Footer::None, action: named::contact },
];

pub(super) fn read(at: &At<'_>) -> Read<Interactive> {
    let mut interactive = at.object()?;
    let mut kinds: Vec<&'static str> = SHAPES.iter().map(|shape| shape.kind).collect();
    kinds.push(OLD_CONTACT_REQUEST);
    let kind = match interactive.must("type")?.one_of(&kinds)? {
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
            Footer::May => interactive.maybe("footer").map(|at| words(&at, FOOTER)).transpose()?,
            Footer::None => None,
        },
        action: (shape.action)(&interactive.must("action")?)?,
    };
    interactive.end().map(|()| read)
}

fn body(interactive: &mut Object<'_>, rule: Body) -> Read<Option<Words>> {
    match rule {
        Body::Must(most) => words(&interactive.must("body")?, most).map(Some),
        Body::May(most) => interactive.maybe("body").map(|at| words(&at, most)).transpose(),
    }
}

fn words(at: &At<'_>, most: usize) -> Read<Words> {
    let mut words = at.object()?;
    let text = words.text("text", most)?;
    words.end().map(|()| Words { text })
}

impl Interactive {
    pub(super) fn lasts(&self, now: DateTime<Utc>) -> Read<()> {
        match &self.action {
            Action::Named(Named {
                parameters: Some(Parameters::Order(order)),
                ..
            }) => payment::lasts(order, || "interactive.action.parameters".to_owned(), now),
            _ => Ok(()),
        }
    }

    pub(super) fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        let mut found: Vec<_> = self.header.as_mut().and_then(Header::file).into_iter().collect();
        if let Action::Cards { cards } = &mut self.action {
            found.extend(
                cards
                    .iter_mut()
                    .filter_map(|card| card.header.as_mut().and_then(Header::file)),
            );
        }
        found
    }
}

/// Refuses a word that was there before, and says where it was.
fn refuse_repeated(at: &At<'_>, word: &str, seen: &mut Vec<String>) -> Read<()> {
    if seen.iter().any(|it| it == word) {
        return Err(at.problem("must differ from the others, or the answers could not be told apart"));
    }
    seen.push(word.to_owned());
    Ok(())
}
