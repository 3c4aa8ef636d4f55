//! Validates the components of a draft against Meta's limits.

use serde_json::{Map, Value};

use crate::{
    meta::message::Invalid,
    templates::schema::{MAX_COUPON, MAX_URL, ParameterFormat, Slots},
};

const HEADER: usize = 60;
const BODY: usize = 1_024;
const FOOTER: usize = 60;
const LABEL: usize = 25;
const PHONE: usize = 20;
const BUTTONS: usize = 10;
/// Maximum number of buttons by type, where it is below ten.
const MAX_BY_TYPE: [(&str, usize); 3] = [("url", 2), ("phone_number", 1), ("copy_code", 1)];

type CheckResult = Result<(), Invalid>;

pub(super) fn check_components(components: &Value, format: Option<&str>) -> CheckResult {
    let list = components.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Invalid::new("components", "must be a list that is not empty"))?;
    check_each(list, "components", format)?;
    match list.iter().any(|it| word(it, "type") == "body") {
        true => Ok(()),
        false => Err(Invalid::new("components", "must have one of type BODY")),
    }
}

fn check_each(list: &[Value], path: &str, format: Option<&str>) -> CheckResult {
    for (index, component) in list.iter().enumerate() {
        let at = format!("{path}[{index}]");
        let members = component
            .as_object()
            .ok_or_else(|| Invalid::new(&at, "must be an object"))?;
        match word(component, "type").as_str() {
            "" => return Err(Invalid::new(format!("{at}.type"), "is missing")),
            "header" => header(members, &at, format)?,
            "body" => body(members, &at, format)?,
            "footer" => footer(members, &at)?,
            "buttons" => buttons(&component["buttons"], &format!("{at}.buttons"))?,
            "carousel" => carousel(&component["cards"], &format!("{at}.cards"), format)?,
            _ => {}
        }
    }
    Ok(())
}

fn header(header: &Map<String, Value>, at: &str, format: Option<&str>) -> CheckResult {
    let kind = header.get("format").and_then(Value::as_str).unwrap_or("text");
    if !kind.eq_ignore_ascii_case("text") {
        return Ok(());
    }
    let at = format!("{at}.text");
    let text = text(header.get("text"), &at, HEADER)?;
    match Slots::of(text, format).variables.len() {
        0 | 1 => Ok(()),
        _ => Err(Invalid {
            limit: Some(1),
            ..Invalid::new(at, "must have at most one variable")
        }),
    }
}

fn body(body: &Map<String, Value>, at: &str, format: Option<&str>) -> CheckResult {
    // Meta writes the text of authentication templates.
    if !body.contains_key("text") && body.contains_key("add_security_recommendation") {
        return Ok(());
    }
    let at = format!("{at}.text");
    let text = text(body.get("text"), &at, BODY)?;
    let slots = Slots::of(text, format);
    let name = |name: &str| {
        name.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    for (place, variable) in slots.variables.iter().enumerate() {
        match slots.naming {
            ParameterFormat::Positional if variable.name != (place + 1).to_string() => {
                return Err(Invalid::new(
                    at,
                    "must number its variables from {{1}} on, leaving none out",
                ));
            }
            ParameterFormat::Named if !name(&variable.name) => {
                return Err(Invalid::new(
                    at,
                    "must name its variables in lower-case letters, digits and underscores",
                ));
            }
            _ => {}
        }
    }
    if !slots.variables.is_empty() && (text.trim_start().starts_with("{{") || text.trim_end().ends_with("}}")) {
        return Err(Invalid::new(at, "must neither begin nor end with a variable"));
    }
    Ok(())
}

fn footer(footer: &Map<String, Value>, at: &str) -> CheckResult {
    if !footer.contains_key("text") && footer.contains_key("code_expiration_minutes") {
        return Ok(());
    }
    let at = format!("{at}.text");
    match text(footer.get("text"), &at, FOOTER)?.contains("{{") {
        true => Err(Invalid::new(at, "must have no variables")),
        false => Ok(()),
    }
}

fn buttons(buttons: &Value, at: &str) -> CheckResult {
    let list = buttons.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Invalid::new(at, "must be a list that is not empty"))?;
    if list.len() > BUTTONS {
        return Err(limit(
            at,
            format!("must have at most {BUTTONS}; this has {}", list.len()),
            BUTTONS,
        ));
    }
    let mut kinds: Vec<String> = list.iter().map(|button| word(button, "type")).collect();
    for (index, (button, kind)) in list.iter().zip(&kinds).enumerate() {
        let at = format!("{at}[{index}]");
        match kind.as_str() {
            "" => return Err(Invalid::new(format!("{at}.type"), "is missing")),
            "url" => url(&button["url"], &format!("{at}.url"))?,
            "phone_number" => drop(text(button.get("phone_number"), &format!("{at}.phone_number"), PHONE)?),
            "copy_code" => {
                let example = button["example"].as_array().map_or(&button["example"], |list| &list[0]);
                text(Some(example), &format!("{at}.example"), MAX_COUPON)?;
            }
            _ => {}
        }
        if matches!(kind.as_str(), "quick_reply" | "url" | "phone_number") {
            text(button.get("text"), &format!("{at}.text"), LABEL)?;
        }
    }
    for (kind, max) in MAX_BY_TYPE {
        if kinds.iter().filter(|it| *it == kind).count() > max {
            return Err(limit(
                at,
                format!("must have at most {max} of type {}", kind.to_uppercase()),
                max,
            ));
        }
    }
    kinds.dedup();
    match kinds.iter().filter(|kind| *kind == "quick_reply").count() {
        0 | 1 => Ok(()),
        _ => Err(Invalid::new(at, "must have its quick replies side by side")),
    }
}

fn url(url: &Value, at: &str) -> CheckResult {
    let text = text(Some(url), at, MAX_URL)?;
    match text.matches("{{").count() {
        0 => Ok(()),
        1 if text.ends_with("}}") => Ok(()),
        _ => Err(Invalid::new(at, "must have at most one variable, and that at its end")),
    }
}

fn carousel(cards: &Value, at: &str, format: Option<&str>) -> CheckResult {
    let list = cards.as_array().map_or(&[][..], Vec::as_slice);
    if !(2..=10).contains(&list.len()) {
        return Err(limit(
            at,
            format!("must have 2 to 10 cards; this has {}", list.len()),
            10,
        ));
    }
    for (index, card) in list.iter().enumerate() {
        let components = card["components"].as_array().map_or(&[][..], Vec::as_slice);
        check_each(components, &format!("{at}[{index}].components"), format)?;
    }
    Ok(())
}

fn text<'v>(value: Option<&'v Value>, at: &str, max: usize) -> Result<&'v str, Invalid> {
    let text = value.and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| Invalid::new(at, "must be text that is not empty"))?;
    at_most(at, text, max).map(|()| text)
}

pub(super) fn at_most(at: &str, text: &str, max: usize) -> CheckResult {
    match text.chars().count() {
        found if found > max => Err(limit(
            at,
            format!("must be at most {max} characters; this has {found}"),
            max,
        )),
        _ => Ok(()),
    }
}

fn limit(at: &str, problem: String, limit: usize) -> Invalid {
    Invalid {
        limit: Some(limit as u64),
        ..Invalid::new(at, problem)
    }
}

fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_ascii_lowercase()
}
