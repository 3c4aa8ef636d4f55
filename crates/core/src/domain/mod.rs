//! Values and rules: no I/O, no clock, no SQL text.

mod campaigns;
mod contacts;
mod ctx;
mod daily_limit;
mod delivery;
mod event_types;
pub mod file_name;
mod id;
mod kinds;
mod lane;
mod name;
mod permission;
mod provider;
mod quota;
mod schedule;
mod status;
mod text_enum;
mod time;
mod work;

pub use campaigns::{
    CampaignMessages, CampaignStatus, MAX_WAVE, OnMarketingCap, OnMissed, OnUnknown, WAVE_SIZE, recipient_of, wave_of,
};
pub use contacts::{
    ConsentPurpose, ConsentSource, ConsentStatus, FieldType, KeywordAction, NumberVerdict, TagKind, TaskKind,
};
pub use ctx::{Actor, Ctx, Sees};
pub use daily_limit::DailyLimit;
pub use delivery::{DeliveryState, delivery_id};
pub use event_types::{BadEventType, EventTypes};
pub use id::{
    ApiKeyId, AppSecretId, AttemptId, BatchId, CampaignId, ChannelId, ConsentId, ContactId, ConversationId, DeliveryId,
    EndpointId, EventConsumerId, EventId, ExportId, Id, ImportId, KeywordRuleId, MediaFileId, MediaId, MergeId,
    MessageId, MessageTemplateId, ParseIdError, RawEventId, ScheduleId, SegmentId, TagId, TaskId, TemplateId,
    TemplateSyncId, TenantId, VerificationId,
};
pub use kinds::{AttemptOutcome, Direction, Evidence, HoldReason, MessageTemplateState, Origin, RecipientKind};
pub use lane::SendLane;
pub use name::{BadName, check_description, check_name};
pub use permission::{Needs, Permission, Permissions, Scope, Scopes, perm};
pub use provider::Provider;
pub use quota::{Quota, QuotaReached};
pub use schedule::{MissedRunPolicy, RunStatus};
pub use status::Status;
pub use time::is_storable;
pub use work::WorkState;
