//! One-time codes.

use super::{
    ButtonKind, Schema,
    check::{Checked, parameters},
};
use crate::meta::message::{
    Invalid,
    template::{Component, Parameter},
};

impl Schema {
    /// A one-time code stands in the body and behind the button: another there would be copied in vain.
    pub(super) fn one_code(&self, given: &[Component], path: &str) -> Checked {
        if !self.buttons.iter().any(|button| button.kind == ButtonKind::OneTimeCode) {
            return Ok(());
        }
        let code = |kind: &str| {
            let mut places = given.iter().enumerate();
            let (index, part) = places.find(|(_, it)| it.kind.eq_ignore_ascii_case(kind))?;
            match parameters(part).first()? {
                Parameter::Other(value) => Some((index, value["text"].as_str()?)),
                Parameter::Media { .. } => None,
            }
        };
        match (code("body"), code("button")) {
            (Some((_, shown)), Some((index, copied))) if shown != copied => Err(Invalid::new(
                format!("{path}[{index}].parameters[0].text"),
                "must be the code that the body shows",
            )),
            _ => Ok(()),
        }
    }
}
