//! The inventory of jobs: one file each, one line each in [`register`].

mod check_channels;
mod consume_events;
mod count_segments;
mod deliver_webhooks;
mod fetch_media;
mod fire_schedules;
mod import_contacts;
mod make_variants;
mod process_events;
mod remove_expired;
mod send_messages;
mod sync_templates;
mod write_exports;

pub(crate) use check_channels::CheckChannels;
pub(crate) use consume_events::ConsumeEvents;
pub(crate) use count_segments::CountSegments;
pub(crate) use deliver_webhooks::DeliverWebhooks;
pub(crate) use fetch_media::FetchMedia;
pub(crate) use fire_schedules::FireSchedules;
pub(crate) use import_contacts::ImportContacts;
pub(crate) use make_variants::MakeVariants;
pub use process_events::ProcessEvents;
pub(crate) use remove_expired::RemoveExpired;
pub(crate) use send_messages::SendMessages;
pub(crate) use sync_templates::SyncTemplates;
pub(crate) use write_exports::WriteExports;

use crate::{
    app::App,
    domain::Id,
    queue::{Job, Queue, Workers},
};

/// All queues, in the order in which the operator sees them.
pub const QUEUES: &[Queue] = &[
    ProcessEvents::QUEUE,
    SendMessages::QUEUE,
    DeliverWebhooks::QUEUE,
    FetchMedia::QUEUE,
    MakeVariants::QUEUE,
    SyncTemplates::QUEUE,
    CheckChannels::QUEUE,
    ConsumeEvents::QUEUE,
    ImportContacts::QUEUE,
    WriteExports::QUEUE,
    CountSegments::QUEUE,
    FireSchedules::QUEUE,
    RemoveExpired::QUEUE,
];

/// Registers all jobs of a worker. Without consumers of events there is nothing to do in their queue.
pub fn register(workers: Workers<App>, app: &App) -> Workers<App> {
    let workers = workers
        .register::<ProcessEvents>()
        .register::<SendMessages>()
        .register::<DeliverWebhooks>()
        .register::<FetchMedia>()
        .register::<MakeVariants>()
        .register::<SyncTemplates>()
        .register::<CheckChannels>()
        .register::<ImportContacts>()
        .register::<WriteExports>()
        .register::<CountSegments>()
        .register::<FireSchedules>()
        .register::<RemoveExpired>();
    match app.consumers.is_empty() {
        true => workers,
        false => workers.register::<ConsumeEvents>(),
    }
}

/// Returns the prefix of the ids of a queue's jobs, e.g. `raw`.
pub(crate) fn id_prefix(queue: &Queue) -> &'static str {
    const PREFIXES: &[(Queue, &str)] = &[
        prefix::<ProcessEvents>(),
        prefix::<SendMessages>(),
        prefix::<DeliverWebhooks>(),
        prefix::<FetchMedia>(),
        prefix::<MakeVariants>(),
        prefix::<SyncTemplates>(),
        prefix::<CheckChannels>(),
        prefix::<ConsumeEvents>(),
        prefix::<ImportContacts>(),
        prefix::<WriteExports>(),
        prefix::<CountSegments>(),
        prefix::<FireSchedules>(),
        prefix::<RemoveExpired>(),
    ];
    let found = PREFIXES.iter().find(|(of, _)| of == queue);
    found.map_or("job", |(_, prefix)| prefix)
}

const fn prefix<J: Job>() -> (Queue, &'static str) {
    (J::QUEUE, J::Id::PREFIX)
}
