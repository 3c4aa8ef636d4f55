use super::{Outbound, interactive::Header};

impl Outbound {
    /// What a person would read in a list of messages, as for inbound ones; `None` where nothing is written. Of a template
    /// it is the name; what the customer reads is known where its account's templates are.
    pub fn preview(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.body.clone()),
            Self::Media(media) => media.caption.clone().or_else(|| media.filename.clone()),
            Self::Location(location) => location.name.clone().or_else(|| location.address.clone()),
            Self::Contacts(contacts) => {
                let names: Vec<&str> = contacts.iter().map(super::Contact::formatted_name).collect();
                Some(names.join(", "))
            }
            Self::Reaction(reaction) => Some(reaction.emoji.clone()).filter(|emoji| !emoji.is_empty()),
            Self::Interactive(interactive) => {
                let header = interactive.header.as_ref().and_then(Header::text);
                let body = interactive.body.as_ref().map(|body| body.text.as_str());
                body.or(header).map(str::to_owned)
            }
            Self::Template(template) => Some(template.name.clone()),
            Self::Pin(_) => None,
        }
    }
}
