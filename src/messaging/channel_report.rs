//! Interprets Meta's answers about a channel.

use chrono::{DateTime, TimeDelta, Utc};

use crate::provider::{Error, PhoneNumberInfo, SubscribedApp, TokenInfo, errors::Class};

/// Graph error 190: invalid, expired or revoked access token.
const INVALID_TOKEN: i64 = 190;
/// Graph error 131031: account locked. Used where the health status gives no code.
const ACCOUNT_LOCKED: i64 = 131_031;

/// How long before its end a token is a problem.
const TOKEN_ENDS_SOON: TimeDelta = TimeDelta::days(7);

/// Something that is wrong with a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelProblem {
    /// Whether nothing is sent or nothing is received until it is mended.
    pub severe: bool,
    /// What is wrong and what to do, as sentences for a person.
    pub text: String,
}

/// Meta's answers about a channel. Each part is requested separately, so that one rejection hides no other answer.
#[derive(Debug)]
pub struct ChannelReport {
    pub(crate) asked_at: DateTime<Utc>,
    pub number: Result<PhoneNumberInfo, Error>,
    pub token: Result<TokenInfo, Error>,
    pub(crate) subscribed: Result<Vec<SubscribedApp>, Error>,
    /// Whether the account lists the number; true where that was not asked.
    pub(crate) listed: Result<bool, Error>,
    /// Number of messages that were held for the circuit breaker and are due now.
    pub released: u64,
}

impl ChannelReport {
    /// Returns whether the channel can send messages, according to Meta.
    pub fn can_send(&self) -> bool {
        // Some tokens may not inspect themselves: the number's answer proves them valid.
        let token = self
            .token
            .as_ref()
            .map_or(true, |token| token.valid && token.may_send());
        token && self.number.as_ref().is_ok_and(|number| blocked(number).is_none())
    }

    /// Returns the code and reason why the channel certainly cannot send; `None` if it can, or if that is unknown.
    pub fn stop(&self) -> Option<(i64, String)> {
        match (&self.token, &self.number) {
            (Ok(token), _) if !token.valid => {
                let why = token.problem.as_deref().unwrap_or("the access token is not valid");
                Some((INVALID_TOKEN, why.to_owned()))
            }
            // A token may have the permission to send and not the one to read the number.
            (Ok(token), Err(_)) if token.may_send() && !token.missing_scopes().is_empty() => None,
            (_, Err(Error::Refused(error))) if error.trips_channel() => Some((error.code, error.to_string())),
            (_, Err(_)) => None,
            (_, Ok(number)) => blocked(number),
        }
    }

    /// Returns the error that left the check without an answer. Token, account and request errors are answers: a repeated call would get
    /// the same.
    pub fn unanswered(&self) -> Option<&Error> {
        match &self.number {
            Err(Error::Refused(error))
                if matches!(error.entry().class, Class::Token | Class::Account | Class::Request) =>
            {
                None
            }
            number => number.as_ref().err(),
        }
    }

    /// Lists the channel's problems as instructions for a person. `public_url` is the URL of this server, if configured.
    pub fn problems(&self, public_url: Option<&str>) -> Vec<String> {
        self.problems_by_severity(public_url)
            .into_iter()
            .map(|it| it.text)
            .collect()
    }

    /// Lists the channel's problems, each with whether it stops the channel.
    pub(crate) fn problems_by_severity(&self, public_url: Option<&str>) -> Vec<ChannelProblem> {
        let mut problems = Vec::new();
        self.add_problems_of_number(public_url, &mut problems);
        self.add_problems_of_token(&mut problems);
        self.add_problems_of_account(&mut problems);
        problems
    }

    /// Returns whether the number could not be read for the same reason, so that it is reported already.
    fn is_told(&self, error: &Error) -> bool {
        self.number
            .as_ref()
            .err()
            .is_some_and(|reported| match (reported, error) {
                (Error::Refused(reported), Error::Refused(error)) => reported.code == error.code,
                (reported, error) => reported == error,
            })
    }

    fn add_problems_of_number(&self, public_url: Option<&str>, problems: &mut Vec<ChannelProblem>) {
        let number = match &self.number {
            Ok(number) => number,
            Err(error) => {
                let severe = matches!(error, Error::Refused(_));
                return add(problems, severe, format!("The number cannot be read. {error}"));
            }
        };
        for entity in number.health.iter().flat_map(|health| &health.entities) {
            let severe = is_blocked(&entity.can_send_message);
            for problem in &entity.problems {
                let said = [&problem.description, &problem.solution].into_iter().flatten();
                add(problems, severe, said.cloned().collect::<Vec<_>>().join(" "));
            }
            for limitation in &entity.additional_info {
                add(problems, false, limitation.clone());
            }
        }
        if let Some(status) = number.status.as_deref().filter(|status| *status != "CONNECTED") {
            let text = format!("The number's status is {status}: only CONNECTED numbers can send.");
            add(problems, true, text);
        }
        if number.quality_rating.as_deref() == Some("RED") {
            let text =
                "The number's quality is RED: too many customers block or report it, and Meta may lower its limit.";
            add(problems, false, text.to_owned());
        }
        let unsettled = ["DECLINED", "EXPIRED", "PENDING_REVIEW", "NONE"];
        if let Some(status) = number.name_status.as_deref().filter(|it| unsettled.contains(it)) {
            add(problems, false, format!("The display name is not approved: {status}."));
        }
        if let Some(status) = number
            .code_verification_status
            .as_deref()
            .filter(|it| *it != "VERIFIED")
        {
            let text = format!("The number is not verified ({status}): request a code for it and enter it at Meta.");
            add(problems, false, text);
        }
        if let Some(text) = foreign_override(number, public_url) {
            add(problems, true, text);
        }
    }

    fn add_problems_of_token(&self, problems: &mut Vec<ChannelProblem>) {
        let token = match &self.token {
            Ok(token) if !token.valid => {
                return add(
                    problems,
                    true,
                    "The access token is not valid: create a new one.".to_owned(),
                );
            }
            Ok(token) => token,
            Err(error) if self.is_told(error) => return,
            Err(error) => {
                return add(
                    problems,
                    false,
                    format!("The access token cannot be inspected. {error}"),
                );
            }
        };
        let lacks = token.missing_scopes();
        if !lacks.is_empty() {
            add(
                problems,
                !token.may_send(),
                format!("The access token lacks {}.", lacks.join(" and ")),
            );
        }
        let ends = [token.expires_at, token.data_access_expires_at]
            .into_iter()
            .flatten()
            .min();
        if let Some(end) = ends.filter(|end| *end < self.asked_at + TOKEN_ENDS_SOON) {
            let end = end.format("%Y-%m-%d %H:%M UTC");
            let text = format!("The access token ends at {end}: take one of a system user, which does not expire.");
            add(problems, false, text);
        }
    }

    fn add_problems_of_account(&self, problems: &mut Vec<ChannelProblem>) {
        match &self.listed {
            Ok(true) => {}
            Ok(false) => {
                let text = "The account does not list this number: see that both ids belong together.";
                add(problems, true, text.to_owned());
            }
            Err(error) if self.is_told(error) => {}
            Err(error) => add(
                problems,
                false,
                format!("The account's numbers cannot be read. {error}"),
            ),
        }
        let apps = match &self.subscribed {
            Ok(apps) => apps,
            Err(error) if self.is_told(error) => return,
            Err(error) => return add(problems, false, format!("The subscriptions cannot be read. {error}")),
        };
        if apps.is_empty() {
            let text = "No app is subscribed to this account's webhooks: subscribe one to the WABA.";
            return add(problems, true, text.to_owned());
        }
        let own = self.token.as_ref().ok().and_then(|token| token.app_id.as_deref());
        if let Some(own) = own.filter(|own| apps.iter().all(|app| app.id.as_deref() != Some(own))) {
            let text = format!("The app {own}, whose token this is, is not subscribed to this account's webhooks.");
            add(problems, false, text);
        }
    }
}

fn add(problems: &mut Vec<ChannelProblem>, severe: bool, text: String) {
    problems.push(ChannelProblem { severe, text });
}

fn is_blocked(said: &Option<String>) -> bool {
    said.as_deref() == Some("BLOCKED")
}

/// Returns a problem if a webhook override of the number or its account leads to another server.
fn foreign_override(number: &PhoneNumberInfo, public_url: Option<&str>) -> Option<String> {
    let (url, own) = (number.callbacks.overriding()?, public_url?);
    (!url.starts_with(own)).then(|| {
        format!(
            "An override sends this number's messages, statuses, calls and groups to {url}, not to {own}: remove it or set it to \
             this server."
        )
    })
}

/// Returns the code and reason from Meta's health status if the number is blocked from sending.
fn blocked(number: &PhoneNumberInfo) -> Option<(i64, String)> {
    let health = number
        .health
        .as_ref()
        .filter(|health| is_blocked(&health.can_send_message))?;
    let entities = health.entities.iter().filter(|it| is_blocked(&it.can_send_message));
    let problem = entities.flat_map(|entity| &entity.problems).next();
    let code = problem.and_then(|problem| problem.code).unwrap_or(ACCOUNT_LOCKED);
    let words = problem.and_then(|problem| problem.description.clone());
    Some((
        code,
        words.unwrap_or_else(|| "Meta's health status says BLOCKED".to_owned()),
    ))
}

/// Returns the messages per second that the number may send and receive, if Meta says. A number that is also used with the WhatsApp
/// Business app (coexistence) gets 20 at any level, and usually has no level (`NOT_APPLICABLE`); without a level and without a statement
/// about the app it is treated as such a number.
pub fn throughput(number: &PhoneNumberInfo) -> Option<i64> {
    match (number.on_business_app, number.throughput_level.as_deref()?) {
        (Some(true), _) | (None, "NOT_APPLICABLE") => Some(20),
        (_, "STANDARD") => Some(80),
        (_, "HIGH") => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Callbacks;

    #[test]
    fn an_override_that_leads_elsewhere_is_a_problem() {
        let heard_at = |of_number: &str, of_account: Option<&str>| {
            let callbacks = Callbacks {
                of_number: Some(of_number.to_owned()).filter(|url| !url.is_empty()),
                of_account: of_account.map(str::to_owned),
                of_app: Some("https://app.example/hook".to_owned()),
            };
            let number = PhoneNumberInfo {
                callbacks,
                ..PhoneNumberInfo::default()
            };
            foreign_override(&number, Some("https://mainstay.example")).is_some()
        };
        assert!(!heard_at("", None), "the app's own may lie behind another name");
        assert!(!heard_at("https://mainstay.example/webhooks/whatsapp", None));
        assert!(heard_at("https://other.example/hook", None));
        assert!(heard_at("", Some("https://other.example/hook")));
        // An override of the number precedes one of its account.
        assert!(!heard_at(
            "https://mainstay.example/webhooks/whatsapp",
            Some("https://other.example/hook")
        ));
    }

    #[test]
    fn a_number_that_the_business_app_uses_too_is_slow_and_so_is_one_that_may_be() {
        let of = |level: &str, on_business_app| {
            throughput(&PhoneNumberInfo {
                throughput_level: Some(level.to_owned()),
                on_business_app,
                ..PhoneNumberInfo::default()
            })
        };
        for (level, alone) in [("STANDARD", Some(80)), ("HIGH", Some(1_000)), ("NOT_APPLICABLE", None)] {
            assert_eq!(of(level, Some(false)), alone, "{level}");
            assert_eq!(of(level, Some(true)), Some(20), "{level}");
        }
        assert_eq!(of("STANDARD", None), Some(80));
        assert_eq!(of("HIGH", None), Some(1_000));
        assert_eq!(of("NOT_APPLICABLE", None), Some(20));
        assert_eq!(of("SOMETHING_NEW", Some(false)), None);
        assert_eq!(throughput(&PhoneNumberInfo::default()), None);
    }
}
