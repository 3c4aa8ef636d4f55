use super::{Outbound, interactive::InteractiveHeader};

impl Outbound {
    /// Returns the text shown in a list of messages; `None` without text. For a template it is the name; the rendered text needs the
    /// account's templates.
    pub fn preview(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.body.clone()),
            Self::Media(media) => media.caption.clone().or_else(|| media.filename.clone()),
            Self::Location(location) => location.name.clone().or_else(|| location.address.clone()),
            Self::Contacts(contacts) => {
                let names: Vec<&str> = contacts.iter().map(super::OutboundContact::formatted_name).collect();
                Some(names.join(", "))
            }
            Self::Reaction(reaction) => Some(reaction.emoji.clone()).filter(|emoji| !emoji.is_empty()),
            Self::Interactive(interactive) => {
                let header = interactive.header.as_ref().and_then(InteractiveHeader::text);
                let body = interactive.body.as_ref().map(|body| body.text.as_str());
                body.or(header).map(str::to_owned)
            }
            Self::Template(template) => Some(template.name.clone()),
            Self::Pin(_) => None,
        }
    }
}
