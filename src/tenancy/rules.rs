//! Sending rules that the operator sets for a tenant.

use super::{TenancyError, TenantService};
use crate::{
    directory::PROPAGATION_TIME,
    domain::{SendLane, TenantId},
    messaging::store::sends,
    records::tenants::{self, Tenant},
};

/// Maximum rate limit in messages per second.
const MOST: f64 = 10_000.0;

/// Sending rules of a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SendingRules {
    /// Rate limit over all its numbers; `None` is no limit.
    pub messages_per_second: Option<f64>,
    /// Lanes whose unknown messages are held instead of being sent again; `None` is the default: campaigns.
    pub hold_unknown: Option<Vec<SendLane>>,
    /// Whether marketing goes only to contacts who have allowed it.
    pub require_opt_in: bool,
}

/// Returns the rules of a tenant.
pub(crate) fn sending_rules(tenant: &Tenant) -> SendingRules {
    SendingRules {
        messages_per_second: tenant.messages_per_second,
        hold_unknown: tenant.hold_unknown.as_deref().map(|words| {
            let lanes = words.split(' ').filter_map(SendLane::parse);
            lanes.collect()
        }),
        require_opt_in: tenant.require_opt_in,
    }
}

/// Parses lanes: words separated by commas or spaces, `none`, or `default`.
pub(crate) fn parse_hold_unknown(text: &str) -> Result<Option<Vec<SendLane>>, TenancyError> {
    match text.trim() {
        "default" => return Ok(None),
        "none" => return Ok(Some(Vec::new())),
        _ => {}
    }
    let words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let lane = |word: &str| {
        SendLane::parse(word).ok_or_else(|| {
            TenancyError::Invalid(format!(
                "hold_unknown: there is no lane {word:?}; use reply, transactional and campaign, or none, or default"
            ))
        })
    };
    let lanes: Vec<SendLane> = words.map(lane).collect::<Result<_, _>>()?;
    if lanes.is_empty() {
        let detail = "hold_unknown: give at least one lane (reply, transactional, campaign), or none, or default";
        return Err(TenancyError::Invalid(detail.to_owned()));
    }
    Ok(Some(lanes))
}

/// Replaces a tenant's rules and returns the tenant. They take effect within a second, also for waiting messages.
pub(crate) async fn set_rules(
    service: &TenantService,
    tenant: TenantId,
    rules: &SendingRules,
) -> Result<Tenant, TenancyError> {
    if let Some(rate) = rules.messages_per_second
        && !(rate > 0.0 && rate <= MOST)
    {
        return Err(TenancyError::Invalid(format!(
            "messages_per_second must be more than 0 and at most {MOST}, or nothing for no limit"
        )));
    }
    let words = rules.hold_unknown.as_ref().map(|lanes| {
        let held = SendLane::ALL.into_iter().filter(|lane| lanes.contains(lane));
        held.map(SendLane::as_str).collect::<Vec<_>>().join(" ")
    });
    let now = service.clock.now();
    let mut tx = service.db.begin().await?;
    let before = tenants::find(tx.on(), tenant).await?;
    let before = before.ok_or_else(|| TenancyError::NotFound(format!("tenant {tenant}")))?;
    let rate_before = before.messages_per_second;
    let after = Tenant {
        messages_per_second: rules.messages_per_second,
        hold_unknown: words,
        require_opt_in: rules.require_opt_in,
        ..before
    };
    tenants::set_rules(tx.on(), &after, now).await?;
    if rate_before != after.messages_per_second {
        sends::clear_reservations(tx.on(), tenant, None, now + PROPAGATION_TIME).await?;
    }
    tx.commit().await?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_read_as_people_write_them() {
        use SendLane::{Campaign, Reply};
        for (text, lanes) in [
            ("campaign", Some(vec![Campaign])),
            ("campaign,reply", Some(vec![Campaign, Reply])),
            ("campaign, reply", Some(vec![Campaign, Reply])),
            ("none", Some(vec![])),
            ("default", None),
        ] {
            assert_eq!(parse_hold_unknown(text).unwrap(), lanes, "{text}");
        }
        for text in ["", " ", "campaigns", "none,reply"] {
            let error = parse_hold_unknown(text).unwrap_err().to_string();
            assert!(error.contains("reply, transactional"), "{error}");
        }
    }
}
