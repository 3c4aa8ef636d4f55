//! Carousels: cards in a row, all of one sort.

use super::interactive::cta_url;
use super::{Draft, Field, commerce, media};
use crate::graph::refusal::Refusal;

/// Of a card's body.
const LONGEST_BODY: usize = 160;

pub(super) fn cards(action: Field<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let cards = action.at("cards");
    let mut sort = None;
    for (place, card) in cards.list(2, 10)?.into_iter().enumerate() {
        let index = card.at("card_index");
        if index.number(0.0, 9.0)? != place as f64 {
            return Err(index.wrong("must count the cards from 0"));
        }
        let of = match card.at("type").one_of(&["cta_url", "product", "quick_reply"])? {
            "product" => {
                let action = card.at("action");
                commerce::product(action)?;
                "product"
            }
            kind => media_card(card, kind, draft)?,
        };
        if *sort.get_or_insert(of) != of {
            return Err(card.wrong("must be of the same sort as the first"));
        }
    }
    Ok(())
}

/// A card with a picture or a film; which of them.
fn media_card(card: Field<'_>, kind: &str, draft: &mut Draft) -> Result<&'static str, Refusal> {
    let header = card.at("header");
    header.object()?;
    let sort = header.at("type").one_of(&["image", "video"])?;
    media::source(header.at(sort), sort, draft)?;
    let body = card.at("body");
    if body.is_given() {
        body.at("text").text(LONGEST_BODY)?;
    }
    let action = card.at("action");
    action.object()?;
    match kind {
        "cta_url" => cta_url(action)?,
        _ => {
            for button in action.at("buttons").list(1, 2)? {
                let reply = button.at("quick_reply");
                reply.at("id").text(256)?;
                reply.at("title").text(20)?;
            }
        }
    }
    Ok(sort)
}
