//! What a template must be like to be made at all.

use serde_json::Value;

use super::shape::{kind, variables};
use crate::graph::refusal::Refusal;
use crate::graph::validation::Field;

const LONGEST_LINE: usize = 60;
const LONGEST_BODY: usize = 1_024;
const LONGEST_LABEL: usize = 25;
/// The text begins or ends with a variable.
const VARIABLE_AT_EDGE: i64 = 2_388_299;
/// There are too many variables for so short a text.
const TOO_DENSE: i64 = 2_388_293;

/// Checks `components` of a template to be.
pub(super) fn components(components: Field<'_>) -> Result<(), Refusal> {
    let list = components.list(1, 10)?;
    let mut has_body = false;
    for component in &list {
        match kind(component.value()).as_str() {
            "header" => header(*component)?,
            "body" => {
                has_body = true;
                body(*component)?;
            }
            "footer" => footer(*component)?,
            "buttons" => buttons(component.at("buttons"))?,
            "carousel" => cards(component.at("cards"))?,
            "" => return Err(component.at("type").missing()),
            _ => {}
        }
    }
    match has_body {
        true => Ok(()),
        false => Err(components.wrong("must have a BODY")),
    }
}

fn header(header: Field<'_>) -> Result<(), Refusal> {
    let format = match header.at("format").is_given() {
        true => header
            .at("format")
            .one_of(&["TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "PRODUCT"])?,
        false => "TEXT",
    };
    if format == "TEXT" && variables(header.at("text").text(LONGEST_LINE)?).len() > 1 {
        return Err(header.at("text").wrong("can have one variable"));
    }
    Ok(())
}

fn body(body: Field<'_>) -> Result<(), Refusal> {
    let text = body.at("text");
    // Authentication templates have Meta's own text.
    let Some(words) = text.optional_text(LONGEST_BODY)? else {
        return match body.at("add_security_recommendation").is_given() {
            true => Ok(()),
            false => Err(text.missing()),
        };
    };
    let names = variables(words);
    let is_positional = names.iter().all(|name| name.parse::<usize>().is_ok());
    let counts_up = (1..=names.len()).all(|place| names.contains(&place.to_string()));
    let is_name = |name: &String| {
        name.bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    if !(is_positional && counts_up || names.iter().all(is_name) && !is_positional) {
        return Err(text.wrong("must number its variables from 1, or name them all in lower case"));
    }
    if words.trim_start().starts_with("{{") || words.trim_end().ends_with("}}") {
        return Err(text
            .wrong("must not begin or end with a variable")
            .with_subcode(VARIABLE_AT_EDGE));
    }
    let others = words.split_whitespace().filter(|word| !word.contains("{{")).count();
    match names.is_empty() || others > 2 * names.len() {
        true => Ok(()),
        false => Err(text
            .wrong("has too many variables for its length")
            .with_subcode(TOO_DENSE)),
    }
}

fn footer(footer: Field<'_>) -> Result<(), Refusal> {
    let text = footer.at("text");
    match text.optional_text(LONGEST_LINE)? {
        Some(words) if words.contains("{{") => Err(text.wrong("cannot have variables")),
        Some(_) => Ok(()),
        None if footer.at("code_expiration_minutes").is_given() => {
            footer.at("code_expiration_minutes").number(1.0, 90.0).map(|_| ())
        }
        None => Err(text.missing()),
    }
}

/// Up to ten; quick replies stand together.
fn buttons(buttons: Field<'_>) -> Result<(), Refusal> {
    let list = buttons.list(1, 10)?;
    let mut kinds = Vec::new();
    for button in &list {
        let kind = kind(button.value());
        match kind.as_str() {
            "" => return Err(button.at("type").missing()),
            "url" => url(*button)?,
            "phone_number" => _ = button.at("phone_number").text(20)?,
            "copy_code" => coupon(button.at("example"))?,
            _ => {}
        }
        if !matches!(kind.as_str(), "copy_code" | "otp") {
            let label = button.at("text");
            match matches!(kind.as_str(), "quick_reply" | "url" | "phone_number") {
                true => _ = label.text(LONGEST_LABEL)?,
                false => _ = label.optional_text(LONGEST_LABEL)?,
            }
        }
        kinds.push(kind);
    }
    for (kind, most) in [("url", 2), ("phone_number", 1), ("copy_code", 1)] {
        if kinds.iter().filter(|known| *known == kind).count() > most {
            return Err(buttons.wrong(format_args!("can have {most} of type {kind}")));
        }
    }
    kinds.dedup();
    match kinds.iter().filter(|kind| *kind == "quick_reply").count() {
        0 | 1 => Ok(()),
        _ => Err(buttons.wrong("must have its quick replies side by side")),
    }
}

/// One variable at most, and that at the end.
fn url(button: Field<'_>) -> Result<(), Refusal> {
    let url = button.at("url");
    let text = url.text(2_000)?;
    let count = text.matches("{{").count();
    match count == 0 || count == 1 && text.ends_with("}}") {
        true => Ok(()),
        false => Err(url.wrong("can have one variable, at its end")),
    }
}

/// The example of a coupon: a string, or an array of one.
fn coupon(example: Field<'_>) -> Result<(), Refusal> {
    match example.value() {
        Value::Array(_) => {
            let list = example.list(1, 1)?;
            list[0].text(20).map(|_| ())
        }
        _ => example.text(20).map(|_| ()),
    }
}

/// Two to ten, built alike.
fn cards(cards: Field<'_>) -> Result<(), Refusal> {
    let mut built = None;
    for card in cards.list(2, 10)? {
        let components = card.at("components");
        let list = components.list(1, 10)?;
        let kinds: Vec<String> = list.iter().map(|component| kind(component.value())).collect();
        for component in &list {
            match kind(component.value()).as_str() {
                "header" => header(*component)?,
                "buttons" => buttons(component.at("buttons"))?,
                _ => {}
            }
        }
        if *built.get_or_insert_with(|| kinds.clone()) != kinds {
            return Err(card.wrong("must be built like the first"));
        }
    }
    Ok(())
}
