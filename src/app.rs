//! What a process holds: the services of every feature, and what requests and tasks need besides.

use std::{ops::Deref, sync::Arc};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    campaigns::CampaignService,
    clock::Clock,
    config::Config,
    contacts::{ContactService, import::ImportService, keywords::KeywordService},
    db::Db,
    directory::Directory,
    egress::EgressClient,
    exports::ExportService,
    inbound::{InboundService, LONG_WEBHOOKS, intake::Intake},
    media::MediaService,
    messaging::{Composer, Conclusions, MessagingService, UploadQueue, accept::Outbox},
    meta::graph,
    provider::Providers,
    queue::{self, Queues},
    rate_limit::RateLimiter,
    records::event_consumers::EventConsumers,
    schedule::ScheduleService,
    storage::Storage,
    templates::TemplateService,
    verifications::VerificationService,
    webhooks::{DispatcherTasks, WebhookDispatcher, WebhookService},
};

/// What the services are made of.
#[derive(Clone)]
pub struct Foundation {
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    pub queues: Queues,
    pub directory: Directory,
    pub rate_limiter: RateLimiter,
    pub intake: Intake,
    pub outbox: Outbox,
    pub conclusions: Conclusions,
    pub uploads: UploadQueue,
    pub graph: graph::GraphClient,
    pub storage: Storage,
    pub egress: EgressClient,
    pub consumers: EventConsumers,
    pub metrics: PrometheusHandle,
    /// Cancelled when nothing new is to be worked on.
    pub work_ends: CancellationToken,
}

/// Everything a request or a job needs. Clones are cheap and share it all.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub clock: Clock,
    pub db: Db,
    pub queues: Queues,
    pub directory: Directory,
    pub rate_limiter: RateLimiter,
    /// Stores webhooks before they are answered.
    pub intake: Intake,
    /// Commits accepted messages.
    pub outbox: Outbox,
    pub composer: Composer,
    pub contacts: ContactService,
    pub templates: TemplateService,
    pub webhooks: WebhookService,
    pub media: MediaService,
    pub messaging: MessagingService,
    pub keywords: KeywordService,
    pub inbound: InboundService,
    pub campaigns: CampaignService,
    pub imports: ImportService,
    pub exports: ExportService,
    pub verifications: VerificationService,
    pub schedules: ScheduleService,
    /// Delivers events to endpoints.
    pub(crate) dispatcher: WebhookDispatcher,
    /// Read the events by a cursor of their own.
    pub consumers: EventConsumers,
    pub metrics: PrometheusHandle,
}

impl App {
    /// Makes every service, and the ends of the dispatcher's channels that the process serves.
    pub fn new(of: Foundation) -> (Self, DispatcherTasks) {
        let contacts = ContactService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
        };
        let templates = TemplateService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            graph: of.graph.clone(),
            directory: of.directory.clone(),
        };
        let composer = Composer {
            db: of.db.clone(),
            clock: of.clock.clone(),
            directory: of.directory.clone(),
            templates: templates.clone(),
        };
        let campaigns = CampaignService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            directory: of.directory.clone(),
            work_ends: of.work_ends.clone(),
        };
        let webhooks = WebhookService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            keyring: of.config.keyring.clone(),
            egress: of.egress.clone(),
        };
        let deliveries = of.config.deliveries.clone();
        let (dispatcher, dispatcher_tasks) =
            WebhookDispatcher::new(webhooks.clone(), of.queues.clone(), deliveries, of.work_ends);
        let imports = ImportService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            storage: of.storage.clone(),
        };
        let exports = ExportService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            storage: of.storage.clone(),
            keyring: of.config.keyring.clone(),
        };
        let verifications = VerificationService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            cache: of.config.verification_cache,
        };
        let schedules = ScheduleService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            worker: queue::worker_id(),
            zone: of.config.scheduler_zone,
        };
        let media = MediaService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            directory: of.directory.clone(),
            graph: of.graph.clone(),
            storage: of.storage,
            egress: of.egress,
            retention: of.config.retention.media,
        };
        let messaging = MessagingService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            directory: of.directory.clone(),
            providers: Providers::new(of.graph),
            rate_limiter: of.rate_limiter.clone(),
            media: media.clone(),
            conclusions: of.conclusions,
            uploads: of.uploads,
            unknown_window: of.config.sending.unknown_window,
        };
        let keywords = KeywordService::new(of.db.clone(), of.clock.clone());
        let inbound = InboundService {
            db: of.db.clone(),
            clock: of.clock.clone(),
            queues: of.queues.clone(),
            directory: of.directory.clone(),
            rate_limiter: of.rate_limiter.clone(),
            messaging: messaging.clone(),
            keywords: keywords.clone(),
            long_webhooks: Arc::new(Semaphore::new(LONG_WEBHOOKS)),
        };
        let app = Self(Arc::new(Parts {
            config: of.config,
            clock: of.clock,
            db: of.db,
            queues: of.queues,
            directory: of.directory,
            rate_limiter: of.rate_limiter,
            intake: of.intake,
            outbox: of.outbox,
            composer,
            contacts,
            templates,
            webhooks,
            media,
            messaging,
            keywords,
            inbound,
            campaigns,
            imports,
            exports,
            verifications,
            schedules,
            dispatcher,
            consumers: of.consumers,
            metrics: of.metrics,
        }));
        (app, dispatcher_tasks)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
