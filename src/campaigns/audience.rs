//! Whom a campaign writes to, as it is given.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error::{CampaignError, CampaignResult},
    spec::CampaignSpec,
};
use crate::{
    contacts::{
        ContactResult,
        segments::{
            Criteria,
            language::{Filter, FilterCatalogue},
        },
    },
    domain::ContactId,
};

/// Exclusions of a campaign.
const MAX_EXCLUDES: usize = 10;
/// Contacts that an audience names one by one.
const MAX_CONTACTS: usize = 10_000;

/// Who is written to: the people who fulfil all that is given, or those named in `contacts`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignAudience {
    /// The name of a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The name of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// The id or the name of a segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// A filter, as of a segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub filter: Option<String>,
    /// Whether they are among the campaign's own rows: `POST …/{id}/rows`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rows: bool,
    /// At most 10,000 contacts by their ids, and nothing else besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10_000)]
    pub contacts: Vec<ContactId>,
}

impl CampaignAudience {
    fn criteria(&self) -> Criteria {
        Criteria {
            tag: self.tag.clone(),
            list: self.list.clone(),
            segment: self.segment.clone(),
            filter: self.filter.clone(),
        }
    }
}

impl CampaignSpec {
    pub(super) fn check_audience(&self) -> CampaignResult<()> {
        let (named, criteria) = (self.audience.contacts.len(), self.audience.criteria());
        let why = match named {
            _ if self.retry_of.is_some() => return self.check_retry(),
            0 if criteria.is_empty() && !self.audience.rows => {
                "say who: a tag, a list, a segment, a filter, rows, or contacts".to_owned()
            }
            0 => return self.check_excludes(),
            _ if !criteria.is_empty() || self.audience.rows => {
                "contacts stand alone: leave out the other members".to_owned()
            }
            _ if !self.exclude.is_empty() => {
                return Err(CampaignError::invalid(
                    "exclude",
                    "leave the contacts out of audience.contacts instead",
                ));
            }
            named if named > MAX_CONTACTS => format!("give at most {MAX_CONTACTS} contacts; put more into a list"),
            _ => return Ok(()),
        };
        Err(CampaignError::invalid("audience", why))
    }

    fn check_retry(&self) -> CampaignResult<()> {
        let why = "it writes to those whose message of another campaign failed: leave it out";
        if self.audience != CampaignAudience::default() {
            return Err(CampaignError::invalid("audience", why));
        }
        match self.exclude.is_empty() {
            true => Ok(()),
            false => Err(CampaignError::invalid("exclude", why)),
        }
    }

    fn check_excludes(&self) -> CampaignResult<()> {
        let invalid = |why: &str| Err(CampaignError::invalid("exclude", why));
        if self.exclude.len() > MAX_EXCLUDES {
            return invalid("give at most 10");
        }
        let is_bad = |it: &CampaignAudience| it.rows || !it.contacts.is_empty() || it.criteria().is_empty();
        if self.exclude.iter().any(is_bad) {
            return invalid("each says whom by a tag, a list, a segment or a filter");
        }
        Ok(())
    }

    /// Returns the filter of the audience; `None` where contacts are named, are those of another campaign, or are all that have rows.
    pub(super) fn filter(&self, known: &FilterCatalogue) -> ContactResult<Option<Filter>> {
        if !self.audience.contacts.is_empty() || self.retry_of.is_some() {
            return Ok(None);
        }
        let (criteria, mut terms) = (self.audience.criteria(), Vec::new());
        if !criteria.is_empty() {
            terms.push(criteria.filter(known)?);
        }
        for excluded in &self.exclude {
            terms.push(Filter::Not(Box::new(excluded.criteria().filter(known)?)));
        }
        Ok(match terms.len() {
            0 | 1 => terms.pop(),
            _ => Some(Filter::And(terms)),
        })
    }
}
