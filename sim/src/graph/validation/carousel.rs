//! Carousels: cards in a row, all of one sort.

use std::collections::HashSet;

use super::interactive::cta_url;
use super::{Draft, Field, commerce, media};
use crate::graph::refusal::Refusal;

/// Of a card's body.
const LONGEST_BODY: usize = 160;

pub(super) fn cards(action: Field<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let cards = action.at("cards");
    let (mut sort, mut ids) = (None, HashSet::new());
    for (place, card) in cards.list(2, 10)?.into_iter().enumerate() {
        let index = card.at("card_index");
        if index.number(0.0, 9.0)? != place as f64 {
            return Err(index.wrong("must count the cards from 0"));
        }
        let of = match card.at("type").one_of(&["cta_url", "product"])? {
            "product" => {
                let action = card.at("action");
                commerce::product(action)?;
                ("product", 0)
            }
            _ => media_card(card, draft, &mut ids)?,
        };
        if *sort.get_or_insert(of) != of {
            return Err(card.wrong("must be of the same sort as the first"));
        }
    }
    Ok(())
}

/// A card with a picture or a film; which of them, and how many replies there are in place of a link. Meta's page has the type `cta_url`
/// for both. The ids of the replies differ over all cards.
fn media_card(card: Field<'_>, draft: &mut Draft, ids: &mut HashSet<String>) -> Result<(&'static str, usize), Refusal> {
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
    let buttons = action.at("buttons");
    if !buttons.is_given() {
        cta_url(action)?;
        return Ok((sort, 0));
    }
    let list = buttons.list(1, 3)?;
    for button in &list {
        button.at("type").one_of(&["quick_reply"])?;
        let reply = button.at("quick_reply");
        reply.at("title").text(20)?;
        let id = reply.at("id");
        if !ids.insert(id.text(256)?.to_owned()) {
            return Err(id.wrong("must differ from the others"));
        }
    }
    Ok((sort, list.len()))
}
