//! Carousels: cards with a picture or video and a link or replies, or products of one catalog. "Interactive media carousel messages" and
//! "Interactive product carousel messages" in Meta's documentation.

use serde::Serialize;

use super::{
    Action, InteractiveHeader, ReplyOption, TextBlock,
    buttons::reply,
    header,
    named::{UrlButton, url_button},
    text_block,
};
use crate::message::{
    MediaKind,
    read::{Field, FieldResult, Object, UNLIMITED},
};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CarouselCard {
    /// 0 to 9, unique.
    pub card_index: i64,
    /// `product`, or `cta_url` for cards with a link or replies (the default).
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<InteractiveHeader>,
    /// At most 160 characters and two line breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<TextBlock>,
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
    pub quick_reply: ReplyOption,
}

const MEDIA: &str = "cta_url";
const PRODUCT: &str = "product";
const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
const BODY: usize = 160;
const MAX_BREAKS: usize = 2;
const MAX_BUTTONS: usize = 3;

pub(super) fn read(at: &Field<'_>) -> FieldResult<Action> {
    let mut action = at.object()?;
    let cards_at = action.required("cards")?.list(CARDS)?;
    let (mut cards, mut ids): (Vec<CarouselCard>, _) = (Vec::new(), Vec::new());
    for at in &cards_at {
        let card = card(at, &mut ids)?;
        if cards.iter().any(|other| other.card_index == card.card_index) {
            return Err(at.problem(format!("card_index {} is there twice", card.card_index)));
        }
        if let Some(first) = cards.first() {
            check_same_layout(at, first, &card)?;
        }
        cards.push(card);
    }
    action.deny_unknown().map(|()| Action::Cards { cards })
}

/// Reads a card; `ids` are those of the replies on earlier cards.
fn card(at: &Field<'_>, ids: &mut Vec<String>) -> FieldResult<CarouselCard> {
    let mut card = at.object()?;
    let card_index = card.required("card_index")?.integer(0..=9)?;
    let kind = match card.optional("type") {
        Some(at) => at.one_of(&[MEDIA, PRODUCT])?,
        None => MEDIA,
    };
    let action_at = card.required("action")?;
    let mut action = action_at.object()?;
    let (header, body, done) = match kind {
        PRODUCT => (None, None, product(&mut action)?),
        _ => {
            let (header, body) = (picture(&mut card)?, text(&mut card)?);
            let done = match action.optional("buttons") {
                Some(buttons) => replies(&buttons, ids)?,
                None => link(&mut action)?,
            };
            (header, body, done)
        }
    };
    action.deny_unknown()?;
    let read = CarouselCard {
        card_index,
        kind,
        header,
        body,
        action: done,
    };
    card.deny_unknown().map(|()| read)
}

fn picture(card: &mut Object<'_>) -> FieldResult<Option<InteractiveHeader>> {
    card.required("header")?;
    header::one_of(card, &["image", "video"])
}

fn text(card: &mut Object<'_>) -> FieldResult<Option<TextBlock>> {
    let Some(at) = card.optional("body") else {
        return Ok(None);
    };
    let body = text_block(&at, BODY)?;
    if body.text.matches('\n').count() > MAX_BREAKS {
        let problem = format!("must have at most {MAX_BREAKS} line breaks");
        return Err(at.problem(problem).limit(MAX_BREAKS));
    }
    Ok(Some(body))
}

fn product(action: &mut Object<'_>) -> FieldResult<CardAction> {
    Ok(CardAction::Product {
        product_retailer_id: action.text("product_retailer_id", UNLIMITED)?,
        catalog_id: action.text("catalog_id", UNLIMITED)?,
    })
}

fn link(action: &mut Object<'_>) -> FieldResult<CardAction> {
    let name = action.required("name")?.one_of(&["cta_url"])?;
    let mut parameters = action.required("parameters")?.object()?;
    let button = url_button(&mut parameters)?;
    parameters.deny_unknown()?;
    Ok(CardAction::Url {
        name,
        parameters: button,
    })
}

/// Reads replies. Titles are unique per card; ids are unique in the message, because the answer names the id alone.
fn replies(at: &Field<'_>, ids: &mut Vec<String>) -> FieldResult<CardAction> {
    let (mut titles, mut buttons) = (Vec::new(), Vec::new());
    for at in at.list(1..=MAX_BUTTONS)? {
        let mut button = at.object()?;
        let kind = button.required("type")?.one_of(&["quick_reply"])?;
        let quick_reply = reply(&button.required("quick_reply")?, ids, &mut titles)?;
        button.deny_unknown()?;
        buttons.push(CardButton { kind, quick_reply });
    }
    Ok(CardAction::Replies { buttons })
}

/// Checks that cards are alike: same kind of header, same kind and number of buttons, same catalog.
fn check_same_layout(at: &Field<'_>, first: &CarouselCard, card: &CarouselCard) -> FieldResult<()> {
    let media = |card: &CarouselCard| -> Option<MediaKind> {
        match &card.header {
            Some(InteractiveHeader::Media(media)) => Some(media.kind),
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
