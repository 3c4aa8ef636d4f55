use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::parameter::{self, Parameter};
use crate::meta::message::{
    Invalid, MediaKind, MediaRef, payment,
    read::{ANY, At, Object, Read},
};

/// A header, a body, a button, a carousel, …
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Component {
    /// As given; Meta takes either case.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<Parameter>>,
    /// Of a carousel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cards: Option<Vec<Card>>,
    /// `sub_type` and `index` of a button, and whatever else there is.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Card {
    pub card_index: i64,
    pub components: Vec<Component>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A header with media or one variable, …
const MOST_HEADER_PARAMETERS: usize = 1;
const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
/// There are at most ten buttons, counted from 0.
const LAST_BUTTON: i64 = 9;

pub(super) fn list(at: &At<'_>) -> Read<Vec<Component>> {
    at.list(0..=ANY)?.iter().map(component).collect()
}

fn component(at: &At<'_>) -> Read<Component> {
    let mut component = at.object()?;
    let kind = component.text("type", ANY)?;
    let parameters_at = component.maybe("parameters");
    let is = |name: &str| kind.eq_ignore_ascii_case(name);
    let most = if is("header") { MOST_HEADER_PARAMETERS } else { ANY };
    let parameters = match &parameters_at {
        Some(at) => Some(parameter::list(at, &kind.to_ascii_lowercase(), most)?),
        None => None,
    };
    let cards = match component.maybe("cards") {
        Some(at) => Some(cards(&at)?),
        None if is("carousel") => return Err(Invalid::new(format!("{}.cards", at.path), "is missing")),
        None => None,
    };
    if is("button") {
        button(&mut at.object()?)?;
    }
    Ok(Component {
        rest: component.rest(),
        kind,
        parameters,
        cards,
    })
}

/// A button says of which kind it is, and which one it is unless there can be no other.
fn button(button: &mut Object<'_>) -> Read<()> {
    button.text("sub_type", ANY)?;
    let Some(at) = button.maybe("index") else {
        return Ok(());
    };
    let index = match at.value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    };
    if index.is_some_and(|index: i64| (0..=LAST_BUTTON).contains(&index)) {
        return Ok(());
    }
    Err(at
        .problem(format!("must be the place of the button, from 0 to {LAST_BUTTON}"))
        .limit(LAST_BUTTON as usize))
}

fn cards(at: &At<'_>) -> Read<Vec<Card>> {
    let mut cards: Vec<Card> = Vec::new();
    for at in at.list(CARDS)? {
        let mut card = at.object()?;
        let card_index = card.must("card_index")?.whole(0..=9)?;
        if cards.iter().any(|other| other.card_index == card_index) {
            return Err(at.problem(format!("card_index {card_index} is there twice")));
        }
        let components = list(&card.must("components")?)?;
        let rest = card.rest();
        cards.push(Card {
            card_index,
            components,
            rest,
        });
    }
    Ok(cards)
}

/// Whether the bills behind the buttons can still be paid.
pub(super) fn last(components: &[Component], path: &str, now: DateTime<Utc>) -> Read<()> {
    for (index, component) in components.iter().enumerate() {
        for (place, parameter) in component.parameters.iter().flatten().enumerate() {
            let at = || format!("{path}[{index}].parameters[{place}].action.order_details");
            if let Some(bill) = parameter.bill() {
                payment::lasts(bill, at, now)?;
            }
        }
        for (place, card) in component.cards.iter().flatten().enumerate() {
            last(
                &card.components,
                &format!("{path}[{index}].cards[{place}].components"),
                now,
            )?;
        }
    }
    Ok(())
}

impl Component {
    pub(super) fn media(&mut self) -> Vec<(MediaKind, &mut MediaRef)> {
        let own = self.parameters.iter_mut().flatten().filter_map(Parameter::file);
        let cards = self.cards.iter_mut().flatten();
        own.chain(cards.flat_map(|card| card.components.iter_mut().flat_map(Component::media)))
            .collect()
    }
}
