//! A value in a request, with the path by which an error names it.

use std::fmt;

use serde_json::Value;

use crate::graph::refusal::Refusal;

/// A member of a request's body, given or not. Missing ones are refused with 131008, wrong ones with 131009.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    value: &'a Value,
    step: Step<'a>,
    parent: Option<&'a Field<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Place(usize),
}

impl<'a> Field<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self {
            value,
            step: Step::Root,
            parent: None,
        }
    }

    pub fn at<'b>(&'b self, key: &'b str) -> Field<'b> {
        Field {
            value: &self.value[key],
            step: Step::Key(key),
            parent: Some(self),
        }
    }

    /// The value itself; null if it is not given.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    pub fn is_given(&self) -> bool {
        !self.value.is_null()
    }

    pub fn missing(&self) -> Refusal {
        Refusal::new(131008, format!("Required parameter is missing: {self}"))
    }

    pub fn wrong(&self, problem: impl fmt::Display) -> Refusal {
        Refusal::new(131009, format!("Parameter value is not valid: {self} {problem}"))
    }

    pub fn required(&self) -> Result<(), Refusal> {
        match self.is_given() {
            true => Ok(()),
            false => Err(self.missing()),
        }
    }

    /// A text that must be there and not be empty, of at most that many characters.
    pub fn text(&self, most: usize) -> Result<&'a str, Refusal> {
        match self.optional_text(most)? {
            None => Err(self.missing()),
            Some(text) if text.trim().is_empty() => Err(self.wrong("must not be empty")),
            Some(text) => Ok(text),
        }
    }

    /// A text that may be left out.
    pub fn optional_text(&self, most: usize) -> Result<Option<&'a str>, Refusal> {
        if !self.is_given() {
            return Ok(None);
        }
        let text = self.value.as_str().ok_or_else(|| self.wrong("must be a string"))?;
        // Only a text with more bytes than that can have more characters.
        if text.len() > most {
            let has = text.chars().count();
            if has > most {
                return Err(self.wrong(format_args!("must be at most {most} characters long, it has {has}")));
            }
        }
        Ok(Some(text))
    }

    /// One of some words, in any case; which one.
    pub fn one_of<'w>(&self, words: &[&'w str]) -> Result<&'w str, Refusal> {
        let text = self.text(usize::MAX)?;
        words
            .iter()
            .find(|word| word.eq_ignore_ascii_case(text))
            .copied()
            .ok_or_else(|| self.wrong(format_args!("must be one of {}", words.join(", "))))
    }

    /// The elements of an array with at least `least` and at most `most` of them.
    pub fn list(&'a self, least: usize, most: usize) -> Result<Vec<Field<'a>>, Refusal> {
        self.required()?;
        let elements = self.value.as_array().ok_or_else(|| self.wrong("must be an array"))?;
        if !(least..=most).contains(&elements.len()) {
            let has = elements.len();
            return Err(self.wrong(format_args!("must have {least} to {most} elements, it has {has}")));
        }
        let element = |(place, value)| Field {
            value,
            step: Step::Place(place),
            parent: Some(self),
        };
        Ok(elements.iter().enumerate().map(element).collect())
    }

    /// A number, or a string that reads as one, within bounds.
    pub fn number(&self, least: f64, most: f64) -> Result<f64, Refusal> {
        self.required()?;
        let number = match self.value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(format_args!("must be a number from {least} to {most}")))
    }

    /// An object that must be there.
    pub fn object(&self) -> Result<(), Refusal> {
        self.required()?;
        match self.value.is_object() {
            true => Ok(()),
            false => Err(self.wrong("must be an object")),
        }
    }

    /// `messaging_product` in the root of every body.
    pub fn is_whatsapp(&self) -> Result<(), Refusal> {
        match self.value["messaging_product"].as_str() {
            Some(product) if product.eq_ignore_ascii_case("whatsapp") => Ok(()),
            Some(_) => Err(Refusal::new(100, "Param messaging_product must be one of {WHATSAPP}")),
            None => Err(Refusal::new(100, "The parameter messaging_product is required.")),
        }
    }
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.step, Step::Root) && matches!(self.step, Step::Key(_)) {
                f.write_str(".")?;
            }
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) => f.write_str(key),
            Step::Place(place) => write!(f, "[{place}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_names_the_place_and_the_limit() {
        let body = json!({"action": {"buttons": [{"title": "ok"}, {"title": "far too long"}]}});
        let (root, action) = (Field::root(&body), "action");
        let action = root.at(action);
        let buttons = action.at("buttons");
        let buttons = buttons.list(1, 3).unwrap();
        assert_eq!(buttons[0].at("title").text(5).unwrap(), "ok");
        let refusal = buttons[1].at("title").text(5).unwrap_err();
        assert_eq!(refusal.code, 131009);
        let details = format!("{refusal:?}");
        assert!(
            details.contains("action.buttons[1].title must be at most 5 characters long, it has 12"),
            "{details}"
        );
        assert_eq!(buttons[0].at("id").text(5).unwrap_err().code, 131008);
    }
}
