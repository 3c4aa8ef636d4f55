//! Checks templates again before sending: Meta may have paused one or changed its category since the message was queued.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use super::{decide::RefusalReason, sendable::SendableMessage};
use crate::{
    contacts::consent::SendCategory,
    db::Result,
    directory::Snapshot,
    domain::MessageId,
    messaging::{MessagingService, store::sends::MessageTransition},
    provider::message,
    templates::{
        TemplateCache, check_recipient,
        store::templates::{self, Suggested},
    },
};

/// Returns the sends whose templates cannot be sent, with the code that Meta would answer and the reason. A marketing template counts as
/// marketing in any lane.
pub(crate) async fn find_unsendable(
    service: &MessagingService,
    ready: &[SendableMessage],
) -> Result<HashMap<MessageId, (i64, String)>> {
    let templates: Vec<(&SendableMessage, &message::TemplateMessage)> = ready
        .iter()
        .filter_map(|it| Some((it, it.message.template()?)))
        .collect();
    if templates.is_empty() {
        return Ok(HashMap::new());
    }
    let mut cache = TemplateCache::default();
    let wanted = |(it, template): &(&SendableMessage, &message::TemplateMessage)| {
        (it.due.tenant_id, it.route.account().to_owned(), template.name.clone())
    };
    cache.load(service.db.reader(), templates.iter().map(wanted)).await?;
    let problem = |(it, template): &(&SendableMessage, &message::TemplateMessage)| {
        let checked = cache.check(it.due.tenant_id, it.route.account(), template);
        let why = match checked
            .and_then(|category| check_recipient(category, it.due.recipient_kind.as_str()).map(|()| category))
        {
            Ok(category) if it.due.may(consent_category(category)) => return None,
            Ok(_) => (
                RefusalReason::OptedOut.code(),
                RefusalReason::OptedOut.title().to_owned(),
            ),
            Err(error) => (error.code(), error.to_string()),
        };
        Some((it.due.id, why))
    };
    Ok(templates.iter().filter_map(problem).collect())
}

/// Returns what a template of Meta's category is as far as consent goes. One that is not known is not marketing: its lane decides.
fn consent_category(category: Option<&str>) -> SendCategory {
    match category {
        Some("MARKETING") => SendCategory::Marketing,
        Some("UTILITY") => SendCategory::Utility,
        _ => SendCategory::Other,
    }
}

/// Adds the templates that could be sent instead to the transitions that failed with a closed window.
pub(crate) async fn suggest_templates(
    service: &MessagingService,
    directory: &Snapshot,
    transitions: &mut [MessageTransition],
    no_marketing: &HashSet<MessageId>,
) -> Result<()> {
    let mut known: HashMap<_, Arc<[Suggested]>> = HashMap::new();
    let closed = |it: &&mut MessageTransition| it.error_code == Some(RefusalReason::WindowClosed.code());
    for it in transitions.iter_mut().filter(closed) {
        let Some(route) = directory.channel(it.channel) else {
            continue;
        };
        let all = match known.entry((route.tenant, route.account())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(entry) => {
                let found = templates::suggest(service.db.reader(), route.tenant, route.account()).await?;
                entry.insert(found.into())
            }
        };
        it.templates = Some(match no_marketing.contains(&it.message) {
            true => all.iter().filter(|it| !it.is_marketing()).cloned().collect(),
            false => all.clone(),
        });
    }
    Ok(())
}
