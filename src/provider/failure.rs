//! Errors of messages as events show them.

use std::borrow::Cow;

use super::errors;
use crate::events::message;

/// Returns the error of a message for its event, explained as in the API; `None` without code and title.
pub(crate) fn event_error<'a>(
    code: Option<i64>,
    title: Option<&'a str>,
    details: Option<Cow<'a, str>>,
) -> Option<message::Error<'a>> {
    let explained = errors::explain(code);
    (code.is_some() || title.is_some()).then_some(message::Error {
        code,
        title: title.or(explained.title),
        who: explained.who.as_str(),
        advice: explained.advice,
        details,
        templates: None,
    })
}
