//! Holds a send against the schema. Every problem names the member of the request, as the caller wrote it.

use serde_json::Value;

use super::{ButtonKind, Header, Naming, Offer, Schema, Slots};
use crate::meta::message::{
    Invalid, TemplateMessage,
    template::{Component, Parameter, TemplateCard},
};

pub(super) type Checked = Result<(), Invalid>;

impl Schema {
    /// # Errors
    /// Names the first parameter that is missing, too many, or of another type than the template asks for.
    pub fn check(&self, template: &TemplateMessage) -> Checked {
        self.fill(&template.components, "template.components")?;
        self.one_code(&template.components, "template.components")
    }

    fn fill(&self, given: &[Component], path: &str) -> Checked {
        let mut parts: Vec<(String, String, &Component)> = Vec::new();
        let mut pressed = Vec::new();
        for (index, component) in given.iter().enumerate() {
            let at = format!("{path}[{index}]");
            let kind = component.kind.to_ascii_lowercase();
            if kind == "button" {
                self.button(component, &at, &mut pressed)?;
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
        self.heading(part("header"), path)?;
        slots(&self.body, "body", part("body"), path)?;
        if let Some((at, _)) = part("footer").filter(|(_, footer)| !parameters(footer).is_empty()) {
            return Err(Invalid::new(
                format!("{at}.parameters"),
                "must be left out: a footer has no variables",
            ));
        }
        for (place, button) in self.buttons.iter().enumerate() {
            if button.kind.needs_component() && !pressed.contains(&place) {
                let (kind, takes) = (button.kind.sub_type(), button.kind.parameter().unwrap_or_default());
                let bare = if button.kind.may_be_bare() {
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
        self.offer(part("limited_time_offer"), path)?;
        self.carousel(part("carousel"), path)
    }

    fn heading(&self, given: Option<(&str, &Component)>, path: &str) -> Checked {
        let kind = match &self.header {
            Header::Text(expected) => return slots(expected, "header", given, path),
            Header::None => return slots(&Slots::default(), "header", given, path),
            Header::Unknown => return Ok(()),
            Header::File(kind) => kind.as_str(),
            Header::Location => "location",
            Header::Product => "product",
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

    fn button(&self, component: &Component, at: &str, pressed: &mut Vec<usize>) -> Checked {
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
        if pressed.contains(&index) {
            return Err(Invalid::new(
                format!("{at}.index"),
                format!("names button {index} a second time"),
            ));
        }
        pressed.push(index);
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
        if parameters(component).is_empty() && button.kind.may_be_bare() {
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
            _ => text_at(value, &at, button.kind.longest()),
        }
    }

    fn offer(&self, given: Option<(&str, &Component)>, path: &str) -> Checked {
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

    /// As many cards as were approved, or 2 to 10 of products, each filled like a template.
    fn carousel(&self, given: Option<(&str, &Component)>, path: &str) -> Checked {
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
            schema.fill(&card.components, &format!("{at}.components"))?;
        }
        Ok(())
    }
}

/// Text, money and times in the places of a header or body.
fn slots(expected: &Slots, part: &str, given: Option<(&str, &Component)>, path: &str) -> Checked {
    let wanted = expected.variables.len();
    let (at, given) = match given {
        Some((at, component)) => (format!("{at}.parameters"), parameters(component)),
        None if wanted == 0 => return Ok(()),
        None => {
            let problem = format!(
                "lacks a {part} with its {wanted} {}",
                if wanted == 1 { "parameter" } else { "parameters" }
            );
            return Err(Invalid::new(path, problem));
        }
    };
    if given.len() > wanted || (given.len() < wanted && expected.naming == Naming::Positional) {
        return Err(count(&at, wanted, given.len()));
    }
    for (place, parameter) in given.iter().enumerate() {
        value(expected, parameter, &format!("{at}[{place}]"))?;
    }
    let name = |parameter: &Parameter| match parameter {
        Parameter::Other(value) => value["parameter_name"].as_str().map(str::to_owned),
        Parameter::Media { .. } => None,
    };
    let names: Vec<String> = given.iter().filter_map(name).collect();
    let missing = expected.variables.iter().find(|it| !names.contains(&it.name));
    match missing.filter(|_| expected.naming == Naming::Named) {
        Some(missing) => Err(Invalid::new(at, format!("lacks the variable {}", missing.name))),
        None => Ok(()),
    }
}

fn value(expected: &Slots, parameter: &Parameter, at: &str) -> Checked {
    let Parameter::Other(value) = parameter else {
        return Err(Invalid::new(
            format!("{at}.type"),
            "must be text, currency or date_time",
        ));
    };
    match type_of(parameter) {
        "text" => text_at(&value["text"], &format!("{at}.text"), expected.longest)?,
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
        (Naming::Positional, None) => Ok(()),
        (Naming::Positional, Some(_)) => Err(Invalid::new(
            name_at,
            "must be left out: the template's variables are numbered, not named",
        )),
        (Naming::Named, Some(name)) if expected.variables.iter().any(|it| it.name == name) => Ok(()),
        (Naming::Named, Some(_)) => Err(Invalid::new(name_at, format!("must be one of {}", known()))),
        (Naming::Named, None) => Err(Invalid::new(
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

fn location(value: &Value, at: &str) -> Checked {
    for (name, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        // Meta's samples have them as numbers and as texts.
        let degrees = value[name].as_f64().or_else(|| value[name].as_str()?.parse().ok());
        if !degrees.is_some_and(|it: f64| it.abs() <= most) {
            return Err(Invalid::new(
                format!("{at}.{name}"),
                format!("must be a number from -{most} to {most}"),
            ));
        }
    }
    Ok(())
}

fn text_at(value: &Value, at: &str, longest: Option<usize>) -> Checked {
    let Some(text) = value.as_str().filter(|text| !text.is_empty()) else {
        return Err(Invalid::new(at, "must be text that is not empty"));
    };
    let found = text.chars().count();
    match longest {
        Some(most) if found > most => Err(Invalid {
            limit: Some(most as u64),
            ..Invalid::new(at, format!("must be at most {most} characters; this has {found}"))
        }),
        _ => Ok(()),
    }
}
