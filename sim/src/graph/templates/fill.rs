//! Holds what a send puts into a template against what the template asks for.

use std::collections::HashSet;

use super::Template;
use super::shape::{Button, Header, Shape, Slots};
use crate::graph::refusal::Refusal;
use crate::graph::validation::{Field, MediaUse, bill, told};

/// The most characters of a one-time code, and of a coupon since 3 December 2025.
const LONGEST_CODE: usize = 15;
const LONGEST_COUPON: usize = 20;
/// The most characters of a value in a header, in a body beside other components, and in a body that is all.
const LONGEST_HEADER: usize = 60;
const LONGEST_VALUE: usize = 1_024;
const LONGEST_VALUE_ALONE: usize = 32_768;

impl Template {
    /// Checks the `template` of a send. The files it names come back.
    pub fn check(&self, template: Field<'_>) -> Result<Vec<MediaUse>, Refusal> {
        let mut files = Vec::new();
        let components = template.at("components");
        let given = match components.is_given() {
            true => components.list(0, 100)?,
            false => Vec::new(),
        };
        fill(&self.shape, &given, &mut files)?;
        Ok(files)
    }
}

fn fill(shape: &Shape, given: &[Field<'_>], files: &mut Vec<MediaUse>) -> Result<(), Refusal> {
    const KINDS: [&str; 7] = [
        "header",
        "body",
        "button",
        "carousel",
        "limited_time_offer",
        "tap_target_configuration",
        "order_status",
    ];
    let (mut head, mut body, mut carousel, mut offer) = (None, None, None, None);
    let mut pressed = HashSet::new();
    for component in given {
        match component.at("type").one_of(&KINDS)? {
            "header" => head = Some(component),
            "body" => body = Some(component),
            "button" => _ = pressed.insert(button(&shape.buttons, component)?),
            "carousel" => carousel = Some(component),
            "limited_time_offer" => offer = Some(component),
            "order_status" => told(component.at("parameters").list(1, 1)?[0].at("order_status"))?,
            _ => {}
        }
    }
    header(&shape.header, head, files)?;
    let longest = match shape.is_body_alone {
        true => LONGEST_VALUE_ALONE,
        false => LONGEST_VALUE,
    };
    slots(&shape.body, "body", longest, body)?;
    for (place, button) in shape.buttons.iter().enumerate() {
        let needed = matches!(
            button,
            Button::Url { has_variable: true }
                | Button::CopyCode
                | Button::OneTimeCode
                | Button::Products
                | Button::OrderDetails
        );
        if needed && !pressed.contains(&place) {
            return Err(Refusal::new(
                131008,
                format!("buttons: the button at index {place} requires a parameter"),
            ));
        }
        if *button == Button::Flow && !pressed.contains(&place) {
            let words = format!("Parameter value is not valid: components lacks the flow button at index {place}");
            return Err(Refusal::new(131009, words));
        }
    }
    if shape.expires {
        let time = offer.map(|offer| {
            let parameters = offer.at("parameters");
            let first = parameters.list(1, 1)?;
            let limited = first[0].at("limited_time_offer");
            limited.at("expiration_time_ms").number(0.0, f64::MAX)
        });
        time.unwrap_or_else(|| {
            Err(Refusal::new(
                132012,
                "limited_time_offer: an expiration time is expected",
            ))
        })?;
    }
    cards(shape, carousel, files)
}

/// As many cards as were approved, or 2 to 10 of products, each filled like a template.
fn cards(shape: &Shape, carousel: Option<&Field<'_>>, files: &mut Vec<MediaUse>) -> Result<(), Refusal> {
    let cards = &shape.cards[..];
    let Some(carousel) = carousel else {
        return match cards {
            [] => Ok(()),
            _ => Err(mismatch("carousel", 0, cards.len())),
        };
    };
    let list = carousel.at("cards");
    let given = list.list(0, 10)?;
    let fits = match shape.shows_products() {
        true => (2..=10).contains(&given.len()),
        false => given.len() == cards.len(),
    };
    if !fits {
        return Err(mismatch("carousel", given.len(), cards.len()));
    }
    // Cards of products are all alike.
    let shapes = cards.iter().chain(cards.first().into_iter().cycle());
    for (shape, card) in shapes.zip(&given) {
        card.at("card_index").number(0.0, 9.0)?;
        let components = card.at("components");
        fill(shape, &components.list(0, 100)?, files)?;
    }
    Ok(())
}

fn header(header: &Header, given: Option<&Field<'_>>, files: &mut Vec<MediaUse>) -> Result<(), Refusal> {
    let kind = match header {
        Header::None => return slots(&Slots::default(), "header", LONGEST_HEADER, given),
        Header::Text(expected) => return slots(expected, "header", LONGEST_HEADER, given),
        Header::File(kind) => kind,
        Header::Location => "location",
        Header::Product => "product",
    };
    let expected = || {
        Refusal::new(
            132012,
            format!("header: Format mismatch, expected {}", kind.to_ascii_uppercase()),
        )
    };
    let parameters = given.ok_or_else(expected)?.at("parameters");
    let first = *parameters.list(1, 1)?.first().ok_or_else(expected)?;
    let named = first.at("type").text(64)?;
    if !named.eq_ignore_ascii_case(kind) {
        return Err(expected());
    }
    let value = first.at(kind);
    value.object()?;
    match header {
        Header::File(kind) => match (value.at("id").is_given(), value.at("link").is_given()) {
            (true, false) => files.push(MediaUse {
                id: value.at("id").text(128)?.to_owned(),
                kind,
            }),
            (false, true) => _ = value.at("link").text(2_048)?,
            _ => return Err(Refusal::new(132012, "header: either id or link is expected")),
        },
        Header::Location => {
            value.at("latitude").number(-90.0, 90.0)?;
            value.at("longitude").number(-180.0, 180.0)?;
        }
        _ => _ = value.at("product_retailer_id").text(usize::MAX)?,
    }
    Ok(())
}

/// Text, money and times in the slots of a header or body.
fn slots(expected: &Slots, part: &str, longest: usize, given: Option<&Field<'_>>) -> Result<(), Refusal> {
    let parameters = given.map(|component| component.at("parameters"));
    let parameters = match parameters.as_ref().filter(|parameters| parameters.is_given()) {
        Some(parameters) => parameters.list(0, 100)?,
        None => Vec::new(),
    };
    if parameters.len() != expected.len() {
        return Err(mismatch(part, parameters.len(), expected.len()));
    }
    let mut filled = HashSet::new();
    for parameter in parameters {
        match parameter.at("type").text(64)?.to_ascii_lowercase().as_str() {
            "text" => value_text(parameter.at("text"), longest)?,
            "currency" => {
                let money = parameter.at("currency");
                money.at("fallback_value").text(usize::MAX)?;
                money.at("code").text(3)?;
                money.at("amount_1000").number(f64::MIN, f64::MAX)?;
            }
            "date_time" => _ = parameter.at("date_time").at("fallback_value").text(usize::MAX)?,
            other => {
                return Err(Refusal::new(
                    132012,
                    format!("{part}: Format mismatch, expected TEXT, received {other}"),
                ));
            }
        }
        if let Slots::Named(names) = expected {
            let name = parameter.at("parameter_name").text(usize::MAX)?.to_owned();
            let is_known = names.contains(&name);
            if !is_known || !filled.insert(name.clone()) {
                return Err(Refusal::new(
                    132012,
                    format!("{part}: there is no slot for parameter_name {name}"),
                ));
            }
        }
    }
    Ok(())
}

/// A value for a slot: Meta refuses line breaks, tabs and more than four spaces in a row.
fn value_text(text: Field<'_>, longest: usize) -> Result<(), Refusal> {
    let value = text.text(longest)?;
    match value.contains(['\n', '\t']) || value.contains("     ") {
        true => Err(Refusal::new(
            132018,
            format!("{text} cannot have line breaks, tabs or more than 4 spaces in a row"),
        )),
        false => Ok(()),
    }
}

/// What a button is given; which button it is.
fn button(buttons: &[Button], given: &Field<'_>) -> Result<usize, Refusal> {
    let index = given.at("index");
    let place = match index.is_given() {
        true => index.number(0.0, 9.0)? as usize,
        false => 0,
    };
    let Some(button) = buttons.get(place) else {
        return Err(index.wrong("names no button of the template"));
    };
    let (kind, parameter) = match button {
        Button::QuickReply => ("quick_reply", "payload"),
        Button::Url { .. } | Button::OneTimeCode => ("url", "text"),
        Button::CopyCode => ("copy_code", "coupon_code"),
        Button::Catalog => ("catalog", "action"),
        Button::Products => ("mpm", "action"),
        Button::OrderDetails => ("order_details", "action"),
        Button::Flow => ("flow", "action"),
        Button::VoiceCall => ("voice_call", "payload"),
        Button::Plain => return Err(given.wrong("is for a button that takes no parameter")),
    };
    given.at("sub_type").one_of(&[kind])?;
    let parameters = given.at("parameters");
    let is_bare = parameters.value().as_array().is_none_or(Vec::is_empty);
    let first = match button {
        Button::VoiceCall => return Ok(place),
        // The token of a flow, its data, and the picture of a catalogue are optional.
        Button::Flow | Button::Catalog if is_bare => return Ok(place),
        _ => parameters.list(1, 1)?,
    };
    let value = first[0].at(parameter);
    match button {
        Button::OneTimeCode => _ = value.text(LONGEST_CODE)?,
        Button::CopyCode => _ = value.text(LONGEST_COUPON)?,
        Button::Url { has_variable: false } => return Err(given.wrong("is for a button without a variable")),
        Button::Url { .. } | Button::QuickReply => _ = value.text(2_000)?,
        Button::OrderDetails => bill(value.at("order_details"))?,
        _ => value.object()?,
    }
    Ok(place)
}

fn mismatch(part: &str, given: usize, expected: usize) -> Refusal {
    let what = match part {
        "carousel" => "cards",
        _ => "localizable_params",
    };
    Refusal::new(
        132000,
        format!("{part}: number of {what} ({given}) does not match the expected number of params ({expected})"),
    )
}
