//! Checks a template message against the schema. Every error names the member of the request.

use serde_json::Value;

use super::{ButtonKind, Offer, ParameterFormat, Schema, Slots, TemplateHeader};
use crate::meta::message::{
    Invalid, TemplateMessage,
    template::{Component, Parameter, TemplateCard},
};

pub(super) type CheckResult = Result<(), Invalid>;

impl Schema {
    /// Checks that the message fills every placeholder.
    ///
    /// # Errors
    /// Names the first parameter that is missing, superfluous or of the wrong type.
    pub fn check(&self, template: &TemplateMessage) -> CheckResult {
        self.check_components(&template.components, "template.components")?;
        self.check_one_time_code(&template.components, "template.components")
    }

    fn check_components(&self, given: &[Component], path: &str) -> CheckResult {
        let mut parts: Vec<(String, String, &Component)> = Vec::new();
        let mut seen_buttons = Vec::new();
        for (index, component) in given.iter().enumerate() {
            let at = format!("{path}[{index}]");
            let kind = component.kind.to_ascii_lowercase();
            if kind == "button" {
                self.check_button(component, &at, &mut seen_buttons)?;
                continue;
            }
            if parts.iter().any(|(known, ..)| *known == kind) {
                return Err(Invalid::new(at, format!("is a second {kind}; a template has one")));
            }
            parts.push((kind, at, component));
        }
        let part = |name: &str| {
            let found = parts.iter().find(|(kind, ..)| kind == name);
            found.map(|(_, at, component)| (at.as_str(), *component))
        };
        self.check_header(part("header"), path)?;
        check_slots(&self.body, "body", part("body"), path)?;
        if let Some((at, _)) = part("footer").filter(|(_, footer)| !parameters(footer).is_empty()) {
            return Err(Invalid::new(
                format!("{at}.parameters"),
                "must be left out: a footer has no variables",
            ));
        }
        for (place, button) in self.buttons.iter().enumerate() {
            if button.kind.needs_component() && !seen_buttons.contains(&place) {
                let (kind, takes) = (button.kind.sub_type(), button.kind.parameter().unwrap_or_default());
                let bare = if button.kind.parameter_is_optional() {
                    "without parameters, or "
                } else {
                    ""
                };
                let problem = format!(
                    "lacks a button of sub_type {kind} and index {place} {bare}with one parameter of type {takes}"
                );
                return Err(Invalid::new(path, problem));
            }
        }
        self.check_offer(part("limited_time_offer"), path)?;
        self.check_carousel(part("carousel"), path)
    }

    fn check_header(&self, given: Option<(&str, &Component)>, path: &str) -> CheckResult {
        let kind = match &self.header {
            TemplateHeader::Text(expected) => return check_slots(expected, "header", given, path),
            TemplateHeader::None => return check_slots(&Slots::default(), "header", given, path),
            TemplateHeader::Unknown => return Ok(()),
            TemplateHeader::File(kind) => kind.as_str(),
            TemplateHeader::Location => "location",
            TemplateHeader::Product => "product",
        };
        let Some((at, component)) = given else {
            let problem = format!("lacks a header with one parameter of type {kind}");
            return Err(Invalid::new(path, problem));
        };
        let [parameter] = parameters(component) else {
            return Err(count(&format!("{at}.parameters"), 1, parameters(component).len()));
        };
        let at = format!("{at}.parameters[0]");
        if type_of(parameter) != kind {
            let problem = format!("must be {kind}, for that is what the template's header shows");
            return Err(Invalid::new(format!("{at}.type"), problem));
        }
        match (kind, parameter) {
            ("location", Parameter::Other(value)) => location(&value["location"], &format!("{at}.location")),
            ("product", Parameter::Other(value)) => text_at(
                &value["product"]["product_retailer_id"],
                &format!("{at}.product.product_retailer_id"),
                None,
            ),
            _ => Ok(()),
        }
    }

    fn check_button(&self, component: &Component, at: &str, seen_buttons: &mut Vec<usize>) -> CheckResult {
        let index = match &component.rest.get("index") {
            Some(Value::String(text)) => text.parse().unwrap_or(0),
            Some(value) => value.as_u64().unwrap_or(0) as usize,
            None => 0,
        };
        let Some(button) = self.buttons.get(index) else {
            let problem = match self.buttons.len() {
                0 => "is for a button, and the template has none".to_owned(),
                count => format!("names no button: the template has {count}, counted from 0"),
            };
            return Err(Invalid::new(format!("{at}.index"), problem));
        };
        if seen_buttons.contains(&index) {
            return Err(Invalid::new(
                format!("{at}.index"),
                format!("names button {index} a second time"),
            ));
        }
        seen_buttons.push(index);
        let expected = button.kind.sub_type();
        let sub_type = component
            .rest
            .get("sub_type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if button.kind == ButtonKind::Unknown {
            return Ok(());
        }
        if matches!(button.kind, ButtonKind::Plain | ButtonKind::Url) {
            let problem = format!("is for button {index}, which takes no parameter: leave it out");
            return Err(Invalid::new(at, problem));
        }
        if !sub_type.eq_ignore_ascii_case(expected) {
            let problem = format!("must be {expected}, for that is what button {index} of the template is");
            return Err(Invalid::new(format!("{at}.sub_type"), problem));
        }
        let Some(member) = button.kind.parameter() else {
            return Ok(());
        };
        if parameters(component).is_empty() && button.kind.parameter_is_optional() {
            return Ok(());
        }
        let [parameter] = parameters(component) else {
            return Err(count(&format!("{at}.parameters"), 1, parameters(component).len()));
        };
        let at = format!("{at}.parameters[0]");
        if type_of(parameter) != member {
            return Err(Invalid::new(format!("{at}.type"), format!("must be {member}")));
        }
        let value = match parameter {
            Parameter::Other(value) => &value[member],
            Parameter::Media { .. } => &Value::Null,
        };
        let at = format!("{at}.{member}");
        match member {
            "action" if !value.is_object() => Err(Invalid::new(at, "must be an object")),
            "action" => Ok(()),
            _ => text_at(value, &at, button.kind.max_length()),
        }
    }

    fn check_offer(&self, given: Option<(&str, &Component)>, path: &str) -> CheckResult {
        let ends = given.map(|(at, component)| (at, parameters(component)));
        match (&self.offer, ends) {
            (Offer::Expires, Some((_, [one]))) if type_of(one) == "limited_time_offer" => Ok(()),
            (Offer::Expires, _) => {
                let problem =
                    "lacks a limited_time_offer with one parameter that holds limited_time_offer.expiration_time_ms";
                Err(Invalid::new(path, problem))
            }
            (Offer::None | Offer::Endless, Some((at, [_, ..]))) => Err(Invalid::new(
                at,
                "must be left out: the template has no offer that expires",
            )),
            _ => Ok(()),
        }
    }

    /// Checks the cards: as many as were approved, or 2 to 10 for products, each like a template of its own.
    fn check_carousel(&self, given: Option<(&str, &Component)>, path: &str) -> CheckResult {
        let Some((at, component)) = given else {
            return match self.cards.len() {
                0 => Ok(()),
                cards => Err(Invalid::new(path, format!("lacks a carousel with {cards} cards"))),
            };
        };
        let cards: &[TemplateCard] = component.cards.as_deref().unwrap_or_default();
        let at = format!("{at}.cards");
        if !self.card_count().contains(&cards.len()) {
            return Err(count(&at, self.cards.len(), cards.len()));
        }
        for (place, card) in cards.iter().enumerate() {
            let at = format!("{at}[{place}]");
            let index = usize::try_from(card.card_index).unwrap_or(usize::MAX);
            let Some(schema) = self.card(index).filter(|_| index < cards.len()) else {
                let problem = format!("names no card: there are {}, counted from 0", cards.len());
                return Err(Invalid::new(format!("{at}.card_index"), problem));
            };
            schema.check_components(&card.components, &format!("{at}.components"))?;
        }
        Ok(())
    }
}

/// Checks the parameters of a header or body: text, currency and date-time.
fn check_slots(expected: &Slots, part: &str, given: Option<(&str, &Component)>, path: &str) -> CheckResult {
    let wanted = expected.variables.len();
    let (at, given) = match given {
        Some((at, component)) => (format!("{at}.parameters"), parameters(component)),
        None if wanted == 0 => return Ok(()),
        None => {
            let problem = format!(
                "lacks a {part} with its {wanted} {}",
                if wanted == 1 { "parameter" } else { "parameters" }
            ) + "; or give `variables` in the place of components";
            return Err(Invalid::new(path, problem));
        }
    };
    if given.len() > wanted || (given.len() < wanted && expected.naming == ParameterFormat::Positional) {
        return Err(count(&at, wanted, given.len()));
    }
    for (place, parameter) in given.iter().enumerate() {
        check_value(expected, parameter, &format!("{at}[{place}]"))?;
    }
    let name = |parameter: &Parameter| match parameter {
        Parameter::Other(value) => value["parameter_name"].as_str().map(str::to_owned),
        Parameter::Media { .. } => None,
    };
    let names: Vec<String> = given.iter().filter_map(name).collect();
    let missing = expected.variables.iter().find(|it| !names.contains(&it.name));
    match missing.filter(|_| expected.naming == ParameterFormat::Named) {
        Some(missing) => Err(Invalid::new(at, format!("lacks the variable {}", missing.name))),
        None => Ok(()),
    }
}

fn check_value(expected: &Slots, parameter: &Parameter, at: &str) -> CheckResult {
    let Parameter::Other(value) = parameter else {
        return Err(Invalid::new(
            format!("{at}.type"),
            "must be text, currency or date_time",
        ));
    };
    match type_of(parameter) {
        "text" => text_at(&value["text"], &format!("{at}.text"), expected.max_length)?,
        "currency" | "date_time" => {}
        _ => {
            return Err(Invalid::new(
                format!("{at}.type"),
                "must be text, currency or date_time",
            ));
        }
    }
    let known = || {
        let names: Vec<&str> = expected.variables.iter().map(|it| it.name.as_str()).collect();
        names.join(", ")
    };
    let name_at = format!("{at}.parameter_name");
    match (expected.naming, value["parameter_name"].as_str()) {
        (ParameterFormat::Positional, None) => Ok(()),
        (ParameterFormat::Positional, Some(_)) => Err(Invalid::new(
            name_at,
            "must be left out: the template's variables are numbered, not named",
        )),
        (ParameterFormat::Named, Some(name)) if expected.variables.iter().any(|it| it.name == name) => Ok(()),
        (ParameterFormat::Named, Some(_)) => Err(Invalid::new(name_at, format!("must be one of {}", known()))),
        (ParameterFormat::Named, None) => Err(Invalid::new(
            name_at,
            format!("is missing; the variables are {}", known()),
        )),
    }
}

pub(super) fn parameters(component: &Component) -> &[Parameter] {
    component.parameters.as_deref().unwrap_or_default()
}

fn type_of(parameter: &Parameter) -> &str {
    match parameter {
        Parameter::Media { kind, .. } => kind.as_str(),
        Parameter::Other(value) => value["type"].as_str().unwrap_or_default(),
    }
}

fn count(at: &str, wanted: usize, found: usize) -> Invalid {
    Invalid {
        limit: Some(wanted as u64),
        ..Invalid::new(at, format!("must be {wanted}, as the template has; this has {found}"))
    }
}

fn location(value: &Value, at: &str) -> CheckResult {
    for (name, max) in [("latitude", 90.0), ("longitude", 180.0)] {
        // Meta's samples have numbers and texts.
        let degrees = value[name].as_f64().or_else(|| value[name].as_str()?.parse().ok());
        if !degrees.is_some_and(|it: f64| it.abs() <= max) {
            return Err(Invalid::new(
                format!("{at}.{name}"),
                format!("must be a number from -{max} to {max}"),
            ));
        }
    }
    Ok(())
}

fn text_at(value: &Value, at: &str, max_length: Option<usize>) -> CheckResult {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return Err(Invalid::new(at, "must be text that is not empty"));
    };
    let found = text.chars().count();
    match max_length {
        Some(max) if found > max => Err(Invalid {
            limit: Some(max as u64),
            ..Invalid::new(at, format!("must be at most {max} characters; this has {found}"))
        }),
        _ => Ok(()),
    }
}
