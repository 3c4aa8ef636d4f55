//! Checks the configuration.

use super::Finding;
use crate::config::{Config, ConfigError, Environment, Secret};

const CHECK: &str = "configuration";

/// Returns the finding for an invalid configuration, without which nothing else can be checked.
pub fn refused(error: &ConfigError) -> Finding {
    Finding::fail(CHECK, format!("{}: {}", error.variable, error.problem), error.cure)
}

/// Checks the settings. `given` are the names of the variables that are set; warns of what is closed or less safe without others.
pub fn check(config: &Config, given: &[String]) -> Vec<Finding> {
    let set = match given {
        [] => "no variable is set".to_owned(),
        names => format!("set: {}", names.join(", ")),
    };
    let mut findings = vec![Finding::ok(CHECK, format!("valid; {set}; the rest has its default"))];
    let mut closed = |is_open: bool, what: &str, cure: &str| {
        if !is_open {
            findings.push(Finding::warn(CHECK, what, cure));
        }
    };
    closed(
        config.admin_token.is_some(),
        "MAINSTAY_ADMIN_TOKEN is unset, so the operator's API under /admin is closed",
        "set it, e.g. to `openssl rand -hex 32`",
    );
    closed(
        config.verify_token.is_some(),
        "META_VERIFY_TOKEN is unset, so Meta's handshake is rejected and the webhook cannot be registered",
        "set it to a word of your choice and type the same into Meta's form",
    );
    closed(
        !config.app_secrets.is_empty(),
        "META_APP_SECRETS is unset, so only webhooks of channels with an app secret of their own are accepted",
        "set it to the app secret shown in Meta's dashboard under App settings, Basic",
    );
    closed(
        config.redis.is_some() || !config.is_postgres(),
        "REDIS_URL is unset, so the queue lives in one process: `mainstay serve` runs, the separate api and worker do not",
        "set it to run several processes",
    );
    closed(
        config.graph.base_url.starts_with("https://"),
        "GRAPH_BASE_URL is not https, so access tokens would travel in the clear",
        "unset it, unless it is a simulator's address",
    );
    findings.extend(implausible("META_APP_SECRETS", &config.app_secrets));
    findings
}

/// Warns of what others may read in `.env`, and of names there that nothing reads.
pub fn file() -> Vec<Finding> {
    let exposed = Environment::exposure().map(|what| Finding::warn(CHECK, what, "chmod 600 .env"));
    let unread = Environment::unread();
    let unread = (!unread.is_empty()).then(|| {
        let what = format!("nothing reads {} in .env", unread.join(", "));
        Finding::warn(CHECK, what, "see .env.example for the names there are")
    });
    exposed.into_iter().chain(unread).collect()
}

/// Warns if an app secret is not of Meta's form: 32 hexadecimal digits. Another signs nothing of Meta's.
pub fn implausible(whose: &str, secrets: &[Secret]) -> Option<Finding> {
    let is_good = |secret: &Secret| {
        let text = secret.expose();
        text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let bad = secrets.iter().filter(|secret| !is_good(secret)).count();
    (bad > 0).then(|| {
        let what = format!(
            "{whose}: {bad} of {} are not 32 hexadecimal digits, as Meta's app secrets are",
            secrets.len()
        );
        Finding::warn(CHECK, what, "copy it from Meta's dashboard under App settings, Basic")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::doctor::finding::FindingStatus, config::Purpose, crypto::Keyring};

    fn findings(change: impl FnOnce(&mut Environment)) -> Vec<Finding> {
        let mut environment = <Environment as clap::Parser>::try_parse_from(std::iter::empty::<&str>()).unwrap();
        environment.database_url = "sqlite://data/mainstay.db".to_owned();
        environment.redis_url = None;
        environment.master_key = Some(Keyring::generate());
        environment.admin_token = Some("0123456789abcdef".to_owned());
        environment.app_secrets = Some("0123456789abcdef0123456789ABCDEF".to_owned());
        environment.verify_token = Some("word".to_owned());
        environment.graph_base_url = "https://graph.facebook.com".to_owned();
        change(&mut environment);
        check(&environment.check(Purpose::Operate).unwrap(), &["PORT".to_owned()])
    }

    #[test]
    fn a_whole_configuration_has_nothing_to_warn_of() {
        let found = findings(|_| {});
        assert_eq!(found.len(), 1);
        assert!(found[0].what.contains("set: PORT;"), "{}", found[0]);
    }

    #[test]
    fn whatever_is_closed_by_an_unset_variable_is_told_with_the_variable() {
        type Change = fn(&mut Environment);
        let cases: [(&str, Change); 6] = [
            ("MAINSTAY_ADMIN_TOKEN", |e| e.admin_token = None),
            ("META_VERIFY_TOKEN", |e| e.verify_token = None),
            ("META_APP_SECRETS", |e| e.app_secrets = None),
            ("META_APP_SECRETS: 1 of 2", |e| {
                e.app_secrets = Some("0123456789abcdef0123456789abcdef,shorter".to_owned())
            }),
            ("REDIS_URL", |e| {
                e.database_url = "postgres://localhost/mainstay".to_owned()
            }),
            ("GRAPH_BASE_URL", |e| {
                e.graph_base_url = "http://localhost:8090".to_owned()
            }),
        ];
        for (variable, change) in cases {
            let found = findings(change);
            assert_eq!(found.len(), 2, "{variable}");
            assert!(
                found[1].status == FindingStatus::Warn && found[1].what.starts_with(variable),
                "{}",
                found[1]
            );
        }
    }
}
