//! Cards side by side: pictures or videos with a link or with replies, or products of one catalog. "Interactive media
//! carousel messages" and "Interactive product carousel messages" in Meta's documentation.

use serde::Serialize;

use super::{
    Action, Header, Reply, Words,
    buttons::reply,
    header,
    named::{UrlButton, url_button},
    words,
};
use crate::meta::message::{
    MediaKind,
    read::{ANY, At, Object, Read},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Card {
    /// 0 to 9, each once.
    pub card_index: i64,
    /// `product`; or `cta_url`, with a link and with replies alike. A caller may leave the latter out.
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// At most 160 characters, in at most three lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Words>,
    pub action: CardAction,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CardAction {
    Url {
        name: &'static str,
        parameters: UrlButton,
    },
    Replies {
        buttons: Vec<CardButton>,
    },
    Product {
        product_retailer_id: String,
        catalog_id: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardButton {
    #[serde(rename = "type")]
    kind: &'static str,
    pub quick_reply: Reply,
}

const MEDIA: &str = "cta_url";
const PRODUCT: &str = "product";
const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
const BODY: usize = 160;
const MOST_BREAKS: usize = 2;
const MOST_BUTTONS: usize = 3;

pub(super) fn read(at: &At<'_>) -> Read<Action> {
    let mut action = at.object()?;
    let places = action.must("cards")?.list(CARDS)?;
    let (mut cards, mut ids): (Vec<Card>, _) = (Vec::new(), Vec::new());
    for at in &places {
        let card = card(at, &mut ids)?;
        if cards.iter().any(|other| other.card_index == card.card_index) {
            return Err(at.problem(format!("card_index {} is there twice", card.card_index)));
        }
        if let Some(first) = cards.first() {
            alike(at, first, &card)?;
        }
        cards.push(card);
    }
    action.end().map(|()| Action::Cards { cards })
}

/// `ids` are those of the replies on the cards before.
fn card(at: &At<'_>, ids: &mut Vec<String>) -> Read<Card> {
    let mut card = at.object()?;
    let card_index = card.must("card_index")?.whole(0..=9)?;
    let kind = match card.maybe("type") {
        Some(at) => at.one_of(&[MEDIA, PRODUCT])?,
        None => MEDIA,
    };
    let action_at = card.must("action")?;
    let mut action = action_at.object()?;
    let (header, body, done) = match kind {
        PRODUCT => (None, None, product(&mut action)?),
        _ => {
            let (header, body) = (picture(&mut card)?, text(&mut card)?);
            let done = match action.maybe("buttons") {
                Some(buttons) => replies(&buttons, ids)?,
                None => link(&mut action)?,
            };
            (header, body, done)
        }
    };
    action.end()?;
    let read = Card {
        card_index,
        kind,
        header,
        body,
        action: done,
    };
    card.end().map(|()| read)
}

fn picture(card: &mut Object<'_>) -> Read<Option<Header>> {
    card.must("header")?;
    header::one_of(card, &["image", "video"])
}

fn text(card: &mut Object<'_>) -> Read<Option<Words>> {
    let Some(at) = card.maybe("body") else {
        return Ok(None);
    };
    let body = words(&at, BODY)?;
    if body.text.matches('\n').count() > MOST_BREAKS {
        let problem = format!("must have at most {MOST_BREAKS} line breaks");
        return Err(at.problem(problem).limit(MOST_BREAKS));
    }
    Ok(Some(body))
}

fn product(action: &mut Object<'_>) -> Read<CardAction> {
    Ok(CardAction::Product {
        product_retailer_id: action.text("product_retailer_id", ANY)?,
        catalog_id: action.text("catalog_id", ANY)?,
    })
}

fn link(action: &mut Object<'_>) -> Read<CardAction> {
    let name = action.must("name")?.one_of(&["cta_url"])?;
    let mut parameters = action.must("parameters")?.object()?;
    let button = url_button(&mut parameters)?;
    parameters.end()?;
    Ok(CardAction::Url {
        name,
        parameters: button,
    })
}

/// The customer sees the titles of one card together, but their answer names the id alone, of whichever card.
fn replies(at: &At<'_>, ids: &mut Vec<String>) -> Read<CardAction> {
    let (mut titles, mut buttons) = (Vec::new(), Vec::new());
    for at in at.list(1..=MOST_BUTTONS)? {
        let mut button = at.object()?;
        let kind = button.must("type")?.one_of(&["quick_reply"])?;
        let quick_reply = reply(&button.must("quick_reply")?, ids, &mut titles)?;
        button.end()?;
        buttons.push(CardButton { kind, quick_reply });
    }
    Ok(CardAction::Replies { buttons })
}

/// Cards are of one kind: the same header, the same buttons, the same catalog.
fn alike(at: &At<'_>, first: &Card, card: &Card) -> Read<()> {
    let media = |card: &Card| -> Option<MediaKind> {
        match &card.header {
            Some(Header::Media(media)) => Some(media.kind),
            _ => None,
        }
    };
    if first.kind != card.kind || media(first) != media(card) {
        return Err(at.problem("must have the same type and the same kind of header as the first card"));
    }
    match (&first.action, &card.action) {
        (CardAction::Url { .. }, CardAction::Replies { .. }) | (CardAction::Replies { .. }, CardAction::Url { .. }) => {
            Err(at.problem("must have a link or replies, as the first card has"))
        }
        (CardAction::Replies { buttons: a }, CardAction::Replies { buttons: b }) if a.len() != b.len() => {
            Err(at.problem("must have as many buttons as the first card"))
        }
        (CardAction::Product { catalog_id: a, .. }, CardAction::Product { catalog_id: b, .. }) if a != b => {
            Err(at.problem("must be of the same catalog as the first card"))
        }
        _ => Ok(()),
    }
}
