//! Reply buttons and lists.

use std::collections::HashSet;

use super::Field;
use crate::graph::refusal::Refusal;

const MOST_ROWS: usize = 10;

/// One to three, with titles and ids that differ.
pub(super) fn buttons(action: Field<'_>) -> Result<(), Refusal> {
    let buttons = action.at("buttons");
    let (mut titles, mut ids) = (HashSet::new(), HashSet::new());
    for button in buttons.list(1, 3)? {
        button.at("type").one_of(&["reply"])?;
        let reply = button.at("reply");
        reply.object()?;
        let (id, title) = (reply.at("id"), reply.at("title"));
        if !ids.insert(id.text(256)?.to_owned()) {
            return Err(id.wrong("must differ from the others"));
        }
        if !titles.insert(title.text(20)?.to_owned()) {
            return Err(title.wrong("must differ from the others"));
        }
    }
    Ok(())
}

/// Up to ten sections with up to ten rows in all; a section needs a title as soon as there are two.
pub(super) fn list(action: Field<'_>) -> Result<(), Refusal> {
    action.at("button").text(20)?;
    let sections = action.at("sections");
    let list = sections.list(1, 10)?;
    let mut ids = HashSet::new();
    for section in &list {
        match list.len() {
            1 => _ = section.at("title").optional_text(24)?,
            _ => _ = section.at("title").text(24)?,
        }
        for row in section.at("rows").list(0, MOST_ROWS)? {
            row.at("title").text(24)?;
            row.at("description").optional_text(72)?;
            let id = row.at("id");
            if !ids.insert(id.text(200)?.to_owned()) {
                return Err(id.wrong("must differ from the others"));
            }
        }
    }
    match ids.len() {
        1..=MOST_ROWS => Ok(()),
        rows => Err(sections.wrong(format_args!("must have 1 to {MOST_ROWS} rows in all, it has {rows}"))),
    }
}
