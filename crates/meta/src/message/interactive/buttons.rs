//! Reply options: up to three buttons, or a list of up to ten rows.

use serde::Serialize;

use super::{Action, refuse_duplicate};
use crate::message::read::{Field, FieldResult, Object, UNLIMITED};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplyButton {
    #[serde(rename = "type")]
    kind: &'static str,
    pub reply: ReplyOption,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplyOption {
    /// Returned when the button is tapped; at most 256 characters.
    pub id: String,
    /// At most 20 characters.
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListSection {
    /// At most 24 characters; required if there are several sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub rows: Vec<ListRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListRow {
    /// Returned when the row is chosen; at most 200 characters.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

const MAX_BUTTONS: usize = 3;
const MAX_SECTIONS: usize = 10;
/// In all sections together.
const MAX_ROWS: usize = 10;
const LABEL: usize = 20;
const TITLE: usize = 24;

pub(super) fn buttons(at: &Field<'_>) -> FieldResult<Action> {
    let mut action = at.object()?;
    let (mut ids, mut titles) = (Vec::new(), Vec::new());
    let mut buttons = Vec::new();
    for at in action.required("buttons")?.list(1..=MAX_BUTTONS)? {
        let mut button = at.object()?;
        button.required("type")?.one_of(&["reply"])?;
        let reply = reply(&button.required("reply")?, &mut ids, &mut titles)?;
        button.deny_unknown()?;
        buttons.push(ReplyButton { kind: "reply", reply });
    }
    action.deny_unknown().map(|()| Action::Buttons { buttons })
}

/// Reads an id and a title, each unique among the buttons.
pub(super) fn reply(at: &Field<'_>, ids: &mut Vec<String>, titles: &mut Vec<String>) -> FieldResult<ReplyOption> {
    let mut reply = at.object()?;
    let (id, title) = (reply.required("id")?, reply.required("title")?);
    let read = ReplyOption {
        id: id.text(256)?,
        title: title.text(LABEL)?,
    };
    refuse_duplicate(&id, &read.id, ids)?;
    refuse_duplicate(&title, &read.title, titles)?;
    reply.deny_unknown().map(|()| read)
}

pub(super) fn list(at: &Field<'_>) -> FieldResult<Action> {
    let mut action = at.object()?;
    let button = action.text("button", LABEL)?;
    let sections_at = action.required("sections")?;
    let section_list = sections_at.list(1..=MAX_SECTIONS)?;
    let (mut ids, mut sections) = (Vec::new(), Vec::new());
    for at in &section_list {
        let mut section = at.object()?;
        let title = section_title(&mut section, section_list.len())?;
        let rows = section.required("rows")?.list(0..=UNLIMITED)?;
        let rows = rows
            .iter()
            .map(|at| row(at, &mut ids))
            .collect::<FieldResult<Vec<_>>>()?;
        section.deny_unknown()?;
        sections.push(ListSection { title, rows });
    }
    if ids.is_empty() {
        return Err(sections_at.problem("must have at least one row").limit(1));
    }
    if ids.len() > MAX_ROWS {
        let problem = format!("must have at most {MAX_ROWS} rows in all; there are {}", ids.len());
        return Err(sections_at.problem(problem).limit(MAX_ROWS));
    }
    action.deny_unknown().map(|()| Action::List { button, sections })
}

/// Reads the title of a section, which is optional if there is only one.
pub(super) fn section_title(section: &mut Object<'_>, sections: usize) -> FieldResult<Option<String>> {
    if sections > 1 {
        section.text("title", TITLE).map(Some)
    } else {
        section.optional_text("title", TITLE)
    }
}

fn row(at: &Field<'_>, ids: &mut Vec<String>) -> FieldResult<ListRow> {
    let mut row = at.object()?;
    let id = row.required("id")?;
    let read = ListRow {
        id: id.text(200)?,
        title: row.text("title", TITLE)?,
        description: row.optional_text("description", 72)?,
    };
    refuse_duplicate(&id, &read.id, ids)?;
    row.deny_unknown().map(|()| read)
}
