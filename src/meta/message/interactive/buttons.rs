//! Answers to choose from: up to three buttons, or a list of up to ten rows.

use serde::Serialize;

use super::{Action, refuse_repeated};
use crate::meta::message::read::{ANY, At, Object, Read};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplyButton {
    #[serde(rename = "type")]
    kind: &'static str,
    pub reply: Reply,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// Comes back when the button is tapped; at most 256 characters.
    pub id: String,
    /// At most 20 characters.
    pub title: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListSection {
    /// At most 24 characters; needed where there are several sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub rows: Vec<ListRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListRow {
    /// Comes back when the row is chosen; at most 200 characters.
    pub id: String,
    /// At most 24 characters.
    pub title: String,
    /// At most 72 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

const MOST_BUTTONS: usize = 3;
const MOST_SECTIONS: usize = 10;
/// Of all sections together.
const MOST_ROWS: usize = 10;
const LABEL: usize = 20;
const TITLE: usize = 24;

pub(super) fn buttons(at: &At<'_>) -> Read<Action> {
    let mut action = at.object()?;
    let (mut ids, mut titles) = (Vec::new(), Vec::new());
    let mut buttons = Vec::new();
    for at in action.must("buttons")?.list(1..=MOST_BUTTONS)? {
        let mut button = at.object()?;
        button.must("type")?.one_of(&["reply"])?;
        let reply = reply(&button.must("reply")?, &mut ids, &mut titles)?;
        button.end()?;
        buttons.push(ReplyButton { kind: "reply", reply });
    }
    action.end().map(|()| Action::Buttons { buttons })
}

/// An id and a title that no other button has.
pub(super) fn reply(at: &At<'_>, ids: &mut Vec<String>, titles: &mut Vec<String>) -> Read<Reply> {
    let mut reply = at.object()?;
    let (id, title) = (reply.must("id")?, reply.must("title")?);
    let read = Reply {
        id: id.text(256)?,
        title: title.text(LABEL)?,
    };
    refuse_repeated(&id, &read.id, ids)?;
    refuse_repeated(&title, &read.title, titles)?;
    reply.end().map(|()| read)
}

pub(super) fn list(at: &At<'_>) -> Read<Action> {
    let mut action = at.object()?;
    let button = action.text("button", LABEL)?;
    let sections_at = action.must("sections")?;
    let places = sections_at.list(1..=MOST_SECTIONS)?;
    let (mut ids, mut sections) = (Vec::new(), Vec::new());
    for at in &places {
        let mut section = at.object()?;
        let title = section_title(&mut section, places.len())?;
        let rows = section.must("rows")?.list(0..=ANY)?;
        let rows = rows.iter().map(|at| row(at, &mut ids)).collect::<Read<Vec<_>>>()?;
        section.end()?;
        sections.push(ListSection { title, rows });
    }
    if ids.is_empty() {
        return Err(sections_at.problem("must have at least one row").limit(1));
    }
    if ids.len() > MOST_ROWS {
        let problem = format!("must have at most {MOST_ROWS} rows in all; there are {}", ids.len());
        return Err(sections_at.problem(problem).limit(MOST_ROWS));
    }
    action.end().map(|()| Action::List { button, sections })
}

/// The title of a section, which may only be missing where there is no other section.
pub(super) fn section_title(section: &mut Object<'_>, sections: usize) -> Read<Option<String>> {
    if sections > 1 {
        section.text("title", TITLE).map(Some)
    } else {
        section.maybe_text("title", TITLE)
    }
}

fn row(at: &At<'_>, ids: &mut Vec<String>) -> Read<ListRow> {
    let mut row = at.object()?;
    let id = row.must("id")?;
    let read = ListRow {
        id: id.text(200)?,
        title: row.text("title", TITLE)?,
        description: row.maybe_text("description", 72)?,
    };
    refuse_repeated(&id, &read.id, ids)?;
    row.end().map(|()| read)
}
