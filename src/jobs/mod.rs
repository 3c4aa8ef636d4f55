//! The inventory of jobs: one file each, one line each in [`register`].

mod check_channels;
mod clean_cache;
mod consume_events;
mod count_segments;
pub mod dead_letters;
mod deliver_webhooks;
mod dispatch_campaigns;
mod fetch_media;
mod fire_schedules;
mod import_contacts;
mod look_ahead;
mod make_variants;
mod process_events;
mod remove_expired;
mod retry_dead;
mod send_messages;
mod sync_templates;
mod verify_numbers;
mod write_exports;

pub(crate) use check_channels::CheckChannels;
pub(crate) use clean_cache::CleanCache;
pub(crate) use consume_events::ConsumeEvents;
pub(crate) use count_segments::CountSegments;
pub(crate) use deliver_webhooks::DeliverWebhooks;
pub(crate) use dispatch_campaigns::DispatchCampaigns;
pub(crate) use fetch_media::FetchMedia;
pub(crate) use fire_schedules::FireSchedules;
pub(crate) use import_contacts::ImportContacts;
pub(crate) use look_ahead::LookAhead;
pub(crate) use make_variants::MakeVariants;
pub use process_events::ProcessEvents;
pub(crate) use remove_expired::RemoveExpired;
pub(crate) use retry_dead::RetryDead;
pub(crate) use send_messages::SendMessages;
pub(crate) use sync_templates::SyncTemplates;
pub(crate) use verify_numbers::VerifyNumbers;
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
    LookAhead::QUEUE,
    VerifyNumbers::QUEUE,
    DispatchCampaigns::QUEUE,
    FireSchedules::QUEUE,
    RemoveExpired::QUEUE,
    RetryDead::QUEUE,
    CleanCache::QUEUE,
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
        .register::<LookAhead>()
        .register::<VerifyNumbers>()
        .register::<DispatchCampaigns>()
        .register::<FireSchedules>()
        .register::<RemoveExpired>()
        .register::<RetryDead>()
        .register::<CleanCache>();
    match app.consumers.is_empty() {
        true => workers,
        false => workers.register::<ConsumeEvents>(),
    }
}

/// What is known of the jobs of a queue besides.
struct JobTraits {
    queue: Queue,
    /// The prefix of their ids.
    prefix: &'static str,
    /// Whether dead ones are revived.
    revives: bool,
}

const TRAITS: &[JobTraits] = &[
    traits::<ProcessEvents>(),
    traits::<SendMessages>(),
    traits::<DeliverWebhooks>(),
    traits::<FetchMedia>(),
    traits::<MakeVariants>(),
    traits::<SyncTemplates>(),
    traits::<CheckChannels>(),
    traits::<ConsumeEvents>(),
    traits::<ImportContacts>(),
    traits::<WriteExports>(),
    traits::<CountSegments>(),
    traits::<LookAhead>(),
    traits::<VerifyNumbers>(),
    traits::<DispatchCampaigns>(),
    traits::<FireSchedules>(),
    traits::<RemoveExpired>(),
    traits::<RetryDead>(),
    traits::<CleanCache>(),
];

const fn traits<J: Job>() -> JobTraits {
    JobTraits {
        queue: J::QUEUE,
        prefix: J::Id::PREFIX,
        revives: J::REVIVE && !J::QUEUE.is_recurring(),
    }
}

fn traits_of(queue: &Queue) -> Option<&'static JobTraits> {
    TRAITS.iter().find(|it| it.queue == *queue)
}

/// Returns the prefix of the ids of a queue's jobs, e.g. `raw`.
pub(crate) fn id_prefix(queue: &Queue) -> &'static str {
    traits_of(queue).map_or("job", |it| it.prefix)
}

/// Returns whether dead jobs of a queue are revived, and archived in the end.
pub(crate) fn revives(queue: &Queue) -> bool {
    traits_of(queue).is_some_and(|it| it.revives)
}
