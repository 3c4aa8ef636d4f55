//! Whether the templates of sends may still be sent: since they were queued, Meta may have paused one, or put it into another category.

use std::collections::HashMap;

use super::decide::Reason;
use crate::{
    app::App,
    db::Result,
    directory::Snapshot,
    domain::MessageId,
    meta::message::{self, Outbound},
    store::{
        sends::{Due, Placed},
        templates,
    },
    templates::Shelf,
};

/// Templates named to whoever wrote into a closed window.
const SUGGESTED: i64 = 10;

/// Why a message cannot go: the code Meta would answer, and words.
pub struct Unfit {
    pub code: i64,
    pub title: String,
}

/// The sends whose templates will not do. A marketing template is marketing in whatever lane it goes.
pub async fn unfit(app: &App, directory: &Snapshot, due: &[Due]) -> Result<HashMap<MessageId, Unfit>> {
    let read = |it: &&Due| it.kind == "template";
    let templates: Vec<(&Due, &str, message::Template)> = due
        .iter()
        .filter(read)
        .filter_map(|it| Some((it, directory.channel(it.channel_id)?.waba_id.as_str(), template(it)?)))
        .collect();
    if templates.is_empty() {
        return Ok(HashMap::new());
    }
    let mut shelf = Shelf::default();
    let wanted = |(it, waba, template): &(&Due, &str, message::Template)| {
        (it.tenant_id, (*waba).to_owned(), template.name.clone())
    };
    shelf.fetch(app.db.reader(), templates.iter().map(wanted)).await?;
    let judge = |(it, waba, template): &(&Due, &str, message::Template)| {
        let (code, title) = match shelf.check(it.tenant_id, waba, template) {
            Ok(Some("MARKETING")) if it.marketing_stopped => {
                (Reason::OptedOut.code(), Reason::OptedOut.title().to_owned())
            }
            Ok(_) => return None,
            Err(unfit) => (unfit.code(), format!("template: {unfit}")),
        };
        Some((it.id, Unfit { code, title }))
    };
    Ok(templates.iter().filter_map(judge).collect())
}

fn template(due: &Due) -> Option<message::Template> {
    let content = serde_json::from_str(&due.content).ok()?;
    Outbound::parse(&due.kind, &content).ok()?.template().cloned()
}

/// Names the templates that would do to those whose window is closed.
pub async fn suggest(app: &App, directory: &Snapshot, placed: &mut [Placed]) -> Result<()> {
    let mut known: HashMap<_, String> = HashMap::new();
    for it in placed.iter_mut() {
        let Some(title) = it
            .error_title
            .as_mut()
            .filter(|_| it.error_code == Some(Reason::WindowClosed.code()))
        else {
            continue;
        };
        let Some(route) = directory.channel(it.channel) else {
            continue;
        };
        let account = (route.tenant, route.waba_id.as_str());
        if !known.contains_key(&account) {
            let found = templates::suggest(app.db.reader(), route.tenant, &route.waba_id, SUGGESTED).await?;
            let names: Vec<String> = found
                .iter()
                .map(|it| format!("{} ({})", it.name, it.language))
                .collect();
            known.insert(account, names.join(", "));
        }
        match known[&account].as_str() {
            "" => title.push_str("; the account has no approved one"),
            names => title.extend(["; these would do: ", names]),
        }
    }
    Ok(())
}
