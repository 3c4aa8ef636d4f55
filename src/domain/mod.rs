//! Values and rules: no I/O, no clock, no SQL text.

mod daily_limit;
mod id;
mod lane;
mod scope;
mod status;
mod work;

pub use daily_limit::DailyLimit;
pub use id::{
    ApiKeyId, AttemptId, ChannelId, ContactId, ConversationId, EventId, Id, MediaFileId, MediaId, MessageId,
    MessageTemplateId, ParseIdError, RawEventId, TemplateId, TemplateSyncId, TenantId,
};
pub use lane::SendLane;
pub use scope::{Scope, Scopes};
pub use status::Status;
pub use work::WorkState;
