//! Files in messages: by id or by link, never both.

use super::{Draft, Field, Kind, MediaUse};
use crate::graph::refusal::Refusal;

const LONGEST_CAPTION: usize = 1_024;

/// A message that is a file.
pub(super) fn file(file: Field<'_>, draft: &mut Draft) -> Result<(), Refusal> {
    let kind = draft.kind;
    source(file, kind.name(), draft)?;
    let caption = file.at("caption");
    match kind {
        Kind::Audio | Kind::Sticker if caption.is_given() => {
            return Err(caption.wrong("cannot go with this type"));
        }
        _ => caption.optional_text(LONGEST_CAPTION)?,
    };
    if kind == Kind::Document {
        file.at("filename").optional_text(usize::MAX)?;
    }
    if kind == Kind::Audio {
        draft.is_voice = file.at("voice").value().as_bool().unwrap_or(false);
    }
    Ok(())
}

/// Where a file comes from. `kind` is what it has to be.
pub(super) fn source(file: Field<'_>, kind: &'static str, draft: &mut Draft) -> Result<(), Refusal> {
    file.object()?;
    let (id, link) = (file.at("id"), file.at("link"));
    match (id.is_given(), link.is_given()) {
        (true, true) => Err(link.wrong("and id exclude each other")),
        (false, false) => Err(Refusal::new(
            131008,
            format!("Required parameter is missing: {file} needs id or link"),
        )),
        (true, false) => {
            let id = match id.value().as_u64() {
                Some(number) => number.to_string(),
                None => id.text(128)?.to_owned(),
            };
            draft.media.push(MediaUse { id, kind });
            Ok(())
        }
        (false, true) => match link.text(2_048)? {
            url if url.starts_with("https://") || url.starts_with("http://") => Ok(()),
            _ => Err(link.wrong("must be an http or https address")),
        },
    }
}
