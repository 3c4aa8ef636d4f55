//! What a campaign sends: a template, or a message in its place.

use super::{
    error::{CampaignError, CampaignResult},
    message::CampaignMessage,
    spec::CampaignSpec,
    store::StoredCampaign,
    templates::{FilledContent, TemplateSnapshot, WaveTemplate},
};
use crate::{provider::message::Invalid, templates::schema::Variables};

/// The language of waves that have none.
const NO_LANGUAGE: &str = "";

/// What a campaign sends.
pub(super) enum CampaignContent {
    Templates(Box<TemplateSnapshot>),
    Message(CampaignMessage),
}

impl CampaignContent {
    /// Reads what a campaign that was launched sends.
    pub fn stored(spec: &CampaignSpec, campaign: &StoredCampaign) -> CampaignResult<Self> {
        if let Some(message) = &spec.message {
            return Ok(Self::Message(message.clone()));
        }
        let template = campaign.template.as_deref();
        let template = template.ok_or_else(|| CampaignError::invalid("template", "is missing"))?;
        Ok(Self::Templates(Box::new(TemplateSnapshot::stored(template)?)))
    }

    /// Returns whether it goes to phone numbers only.
    pub fn needs_phone(&self) -> bool {
        matches!(self, Self::Templates(templates) if templates.needs_phone())
    }

    /// Returns whether it may be sent within service windows only.
    pub const fn needs_window(&self) -> bool {
        matches!(self, Self::Message(_))
    }

    /// Returns the language that a contact gets it in, empty where there is but one form; `None` if the account has no template for them.
    pub fn language(&self, account: &str, language: Option<&str>) -> Option<&str> {
        match self {
            Self::Templates(templates) => templates.variant(account, language).map(|it| it.language.as_str()),
            Self::Message(_) => Some(NO_LANGUAGE),
        }
    }

    /// Returns what a wave is sent.
    pub fn of_wave(&self, account: &str, language: &str) -> Option<WaveContent<'_>> {
        match self {
            Self::Templates(templates) => templates
                .of_wave(account, language)
                .map(|it| WaveContent::Template(Box::new(it))),
            Self::Message(message) => Some(WaveContent::Message(message)),
        }
    }
}

/// What a wave is sent.
pub(super) enum WaveContent<'s> {
    Template(Box<WaveTemplate<'s>>),
    Message(&'s CampaignMessage),
}

impl WaveContent<'_> {
    /// Returns the name of the template.
    pub fn template_name(&self) -> Option<&str> {
        match self {
            Self::Template(template) => Some(template.name()),
            Self::Message(_) => None,
        }
    }

    /// Fills it with the values of a recipient.
    pub fn fill(&self, values: &Variables) -> Result<FilledContent, Invalid> {
        match self {
            Self::Template(template) => template.fill(values),
            Self::Message(message) => message.fill(values),
        }
    }
}
