//! What Meta's answers about a channel mean.

use crate::meta::graph::{Error, PhoneNumberInfo, SubscribedApp, TokenInfo, errors::Class};

/// Meta's code for a token that has expired or was taken back.
const INVALID_TOKEN: i64 = 190;
/// Meta's code for a locked account: it stands in where the health status gives none.
const ACCOUNT_LOCKED: i64 = 131_031;

/// What Meta says of a channel. Each part is asked for by itself, so that one refusal hides nothing else.
#[derive(Debug)]
pub struct ChannelReport {
    pub number: Result<PhoneNumberInfo, Error>,
    pub token: Result<TokenInfo, Error>,
    pub subscribed: Result<Vec<SubscribedApp>, Error>,
    /// Messages that had waited for the breaker and are due now.
    pub released: u64,
}

impl ChannelReport {
    /// Whether messages can be sent, as far as Meta says.
    pub fn can_send(&self) -> bool {
        // Some tokens may not ask about themselves: the number's answer proves them good.
        let token = self
            .token
            .as_ref()
            .map_or(true, |token| token.valid && token.may_send());
        token && self.number.as_ref().is_ok_and(|number| blocked(number).is_none())
    }

    /// Why nothing can be sent, as far as that is certain: Meta's code, and words.
    pub fn stop(&self) -> Option<(i64, String)> {
        match (&self.token, &self.number) {
            (Ok(token), _) if !token.valid => {
                let why = token.problem.as_deref().unwrap_or("the access token is not valid");
                Some((INVALID_TOKEN, why.to_owned()))
            }
            // A token that may send need not be allowed to read what it sends from.
            (Ok(token), Err(_)) if token.may_send() && !token.missing_scopes().is_empty() => None,
            (_, Err(Error::Refused(error))) if error.trips_channel() => Some((error.code, error.to_string())),
            (_, Err(_)) => None,
            (_, Ok(number)) => blocked(number),
        }
    }

    /// Why Meta could not be asked. A refusal that another call would meet as well is an answer.
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

    /// What is wrong, in words a person can act on. `public_url` is where this server is reached, if that is known.
    pub fn problems(&self, public_url: Option<&str>) -> Vec<String> {
        let mut problems = Vec::new();
        match &self.number {
            Ok(number) => {
                let health = number.health.iter().flat_map(|health| &health.entities);
                for problem in health.flat_map(|entity| &entity.problems) {
                    let said = [&problem.description, &problem.solution].into_iter().flatten();
                    problems.push(said.cloned().collect::<Vec<_>>().join(" "));
                }
                if let Some(status) = number.status.as_deref().filter(|status| *status != "CONNECTED") {
                    problems.push(format!("The number is {status}: only a CONNECTED one sends."));
                }
                problems.extend(heard_elsewhere(number, public_url));
            }
            Err(error) => problems.push(format!("The number cannot be read. {error}")),
        }
        match &self.token {
            Ok(token) if !token.valid => problems.push("The access token is not valid: make a new one.".to_owned()),
            Ok(token) => {
                let lacks = token.missing_scopes();
                if !lacks.is_empty() {
                    problems.push(format!("The access token lacks {}.", lacks.join(" and ")));
                }
            }
            Err(error) => problems.push(format!("The access token cannot be examined. {error}")),
        }
        match &self.subscribed {
            Ok(apps) if apps.is_empty() => {
                problems.push("No app hears this account's webhooks: subscribe one to the WABA.".to_owned());
            }
            Ok(_) => {}
            Err(error) => problems.push(format!("The subscriptions cannot be read. {error}")),
        }
        problems
    }
}

/// An override of the number or its account that sends its messages to another server.
fn heard_elsewhere(number: &PhoneNumberInfo, public_url: Option<&str>) -> Option<String> {
    let (url, own) = (number.callbacks.overriding()?, public_url?);
    (!url.starts_with(own)).then(|| {
        format!(
            "An override sends this number's messages, statuses, calls and groups to {url}, not to {own}: take it away or set it to \
             this server."
        )
    })
}

/// What Meta's health status says of a number that may send nothing.
fn blocked(number: &PhoneNumberInfo) -> Option<(i64, String)> {
    let is_blocked = |said: &Option<String>| said.as_deref() == Some("BLOCKED");
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

/// Messages per second, both ways, as far as Meta says. A number that the WhatsApp Business app uses too may exchange 20 at any level, and
/// has none as a rule; one of which Meta does not say whether it does is taken for such a number.
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
    use crate::meta::graph::Callbacks;

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
            heard_elsewhere(&number, Some("https://mainstay.example")).is_some()
        };
        assert!(!heard_at("", None), "the app's own may lie behind another name");
        assert!(!heard_at("https://mainstay.example/webhooks/whatsapp", None));
        assert!(heard_at("https://other.example/hook", None));
        assert!(heard_at("", Some("https://other.example/hook")));
        // The number's goes before its account's.
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
