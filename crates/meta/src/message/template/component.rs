//! Components of a template message: headers, bodies, buttons, carousels.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::parameter::{self, Parameter};
use crate::message::{
    Invalid, MediaKind, MediaRef, payment,
    read::{Field, FieldResult, Object, UNLIMITED},
};

/// Values for a component of the template: header, body, button, carousel, …
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Component {
    /// As given; Meta accepts either case.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Vec<Parameter>>,
    /// For a carousel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cards: Option<Vec<TemplateCard>>,
    /// `sub_type` and `index` of a button, and unknown members.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TemplateCard {
    pub card_index: i64,
    pub components: Vec<Component>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A header has media or one variable.
const MAX_HEADER_PARAMETERS: usize = 1;
const CARDS: std::ops::RangeInclusive<usize> = 2..=10;
/// At most ten buttons, counted from 0.
const LAST_BUTTON: i64 = 9;

pub(super) fn list(at: &Field<'_>) -> FieldResult<Vec<Component>> {
    at.list(0..=UNLIMITED)?.iter().map(component).collect()
}

fn component(at: &Field<'_>) -> FieldResult<Component> {
    let mut component = at.object()?;
    let kind = component.text("type", UNLIMITED)?;
    let parameters_at = component.optional("parameters");
    let is = |name: &str| kind.eq_ignore_ascii_case(name);
    let max = if is("header") { MAX_HEADER_PARAMETERS } else { UNLIMITED };
    let parameters = match &parameters_at {
        Some(at) => Some(parameter::list(at, &kind.to_ascii_lowercase(), max)?),
        None => None,
    };
    let cards = match component.optional("cards") {
        Some(at) => Some(cards(&at)?),
        None if is("carousel") => return Err(Invalid::new(format!("{}.cards", at.path), "is missing")),
        None => None,
    };
    if is("button") {
        button(&mut at.object()?)?;
    }
    Ok(Component {
        rest: component.unread_members(),
        kind,
        parameters,
        cards,
    })
}

/// Validates a button: `sub_type` is required, `index` is optional because a template may have one button only.
fn button(button: &mut Object<'_>) -> FieldResult<()> {
    button.text("sub_type", UNLIMITED)?;
    let Some(at) = button.optional("index") else {
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

fn cards(at: &Field<'_>) -> FieldResult<Vec<TemplateCard>> {
    let mut cards: Vec<TemplateCard> = Vec::new();
    for at in at.list(CARDS)? {
        let mut card = at.object()?;
        let card_index = card.required("card_index")?.integer(0..=9)?;
        if cards.iter().any(|other| other.card_index == card_index) {
            return Err(at.problem(format!("card_index {card_index} is there twice")));
        }
        let components = list(&card.required("components")?)?;
        let rest = card.unread_members();
        cards.push(TemplateCard {
            card_index,
            components,
            rest,
        });
    }
    Ok(cards)
}

/// Checks that the orders behind the buttons can still be paid.
pub(super) fn check_expiry(components: &[Component], path: &str, now: DateTime<Utc>) -> FieldResult<()> {
    for (index, component) in components.iter().enumerate() {
        for (place, parameter) in component.parameters.iter().flatten().enumerate() {
            let at = || format!("{path}[{index}].parameters[{place}].action.order_details");
            if let Some(order_details) = parameter.order_details() {
                payment::check_expiry(order_details, at, now)?;
            }
        }
        for (place, card) in component.cards.iter().flatten().enumerate() {
            check_expiry(
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
