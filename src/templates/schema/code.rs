//! Consistency of one-time codes.

use super::{
    ButtonKind, Schema,
    check::{CheckResult, parameters},
};
use crate::meta::message::{
    Invalid,
    template::{Component, Parameter},
};

impl Schema {
    /// Checks that the button copies the code that the body shows.
    pub(super) fn check_one_time_code(&self, given: &[Component], path: &str) -> CheckResult {
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
