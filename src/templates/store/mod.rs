//! SQL of Meta's templates and of the tenants' message templates.

pub mod message_templates;
pub mod templates;
