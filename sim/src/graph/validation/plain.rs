//! Text, location, contacts, reactions, pins, and the frame of a template.

use super::Field;
use crate::graph::refusal::Refusal;

const LONGEST_TEXT: usize = 4_096;
const MOST_CONTACTS: usize = 257;

pub(super) fn text(text: Field<'_>) -> Result<(), Refusal> {
    text.object()?;
    text.at("body").text(LONGEST_TEXT)?;
    let preview = text.at("preview_url");
    match preview.value().is_boolean() || !preview.is_given() {
        true => Ok(()),
        false => Err(preview.wrong("must be a boolean")),
    }
}

/// Latitude and longitude may be numbers or strings.
pub(super) fn location(location: Field<'_>) -> Result<(), Refusal> {
    location.object()?;
    location.at("latitude").number(-90.0, 90.0)?;
    location.at("longitude").number(-180.0, 180.0)?;
    location.at("name").optional_text(1_000)?;
    location.at("address").optional_text(1_000)?;
    Ok(())
}

/// Each has a name that is formatted and in parts.
pub(super) fn contacts(contacts: Field<'_>) -> Result<(), Refusal> {
    const PARTS: [&str; 5] = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
    for contact in contacts.list(1, MOST_CONTACTS)? {
        let name = contact.at("name");
        name.object()?;
        name.at("formatted_name").text(usize::MAX)?;
        if !PARTS.iter().any(|part| name.at(part).is_given()) {
            return Err(name.wrong("must have one part beside formatted_name"));
        }
        for (list, key) in [("phones", "phone"), ("emails", "email"), ("urls", "url")] {
            let list = contact.at(list);
            if list.is_given() {
                for element in list.list(0, usize::MAX)? {
                    element.at(key).optional_text(usize::MAX)?;
                }
            }
        }
    }
    Ok(())
}

/// The message reacted to. An empty emoji takes a reaction back.
pub(super) fn reaction(reaction: Field<'_>) -> Result<String, Refusal> {
    reaction.object()?;
    let target = reaction.at("message_id").text(usize::MAX)?.to_owned();
    reaction.at("emoji").required()?;
    reaction.at("emoji").optional_text(64)?;
    Ok(target)
}

/// The message pinned or unpinned, in a group.
pub(super) fn pin(pin: Field<'_>) -> Result<String, Refusal> {
    pin.object()?;
    let target = pin.at("message_id").text(usize::MAX)?.to_owned();
    if pin.at("type").one_of(&["pin", "unpin"])? == "pin" {
        pin.at("expiration_days").number(1.0, 30.0)?;
    }
    Ok(target)
}

/// Name and language; what goes into the template is checked against it later.
pub(super) fn template(template: Field<'_>) -> Result<(), Refusal> {
    template.object()?;
    template.at("name").text(512)?;
    let language = template.at("language");
    language.object()?;
    language.at("code").text(64)?;
    if language.at("policy").is_given() {
        language.at("policy").one_of(&["deterministic"])?;
    }
    let components = template.at("components");
    if components.is_given() {
        components.list(0, 100)?;
    }
    Ok(())
}
