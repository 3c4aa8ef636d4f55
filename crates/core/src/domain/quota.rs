//! Quotas on the resources that tenants create.

use std::{fmt, str::FromStr};

/// A resource with a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quota {
    Channels,
    /// Keys that are not revoked.
    ApiKeys,
    Endpoints,
    /// Meta's templates, in all accounts of the tenant.
    Templates,
    MessageTemplates,
    /// Bytes of uploads. Media from customers are never refused and do not count.
    MediaBytes,
}

impl Quota {
    pub const ALL: [Quota; 6] = [
        Quota::Channels,
        Quota::ApiKeys,
        Quota::Endpoints,
        Quota::Templates,
        Quota::MessageTemplates,
        Quota::MediaBytes,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Quota::Channels => "channels",
            Quota::ApiKeys => "api_keys",
            Quota::Endpoints => "endpoints",
            Quota::Templates => "templates",
            Quota::MessageTemplates => "message_templates",
            Quota::MediaBytes => "media_bytes",
        }
    }

    /// Returns the quota unless the operator has set another.
    pub const fn default(self) -> i64 {
        match self {
            Quota::Channels | Quota::ApiKeys | Quota::Endpoints => 100,
            Quota::Templates => 6_000,
            Quota::MessageTemplates => 1_000,
            Quota::MediaBytes => 10 * 1024 * 1024 * 1024,
        }
    }

    /// Returns the maximum that the operator can set: each event is matched against every endpoint, each webhook against the channels.
    pub const fn most(self) -> i64 {
        match self {
            Quota::Channels | Quota::ApiKeys | Quota::Endpoints => 10_000,
            Quota::Templates | Quota::MessageTemplates => 100_000,
            Quota::MediaBytes => 1 << 50,
        }
    }

    /// Returns the resource's name for people.
    const fn what(self) -> &'static str {
        match self {
            Quota::Channels => "channels",
            Quota::ApiKeys => "API keys",
            Quota::Endpoints => "endpoints",
            Quota::Templates => "templates",
            Quota::MessageTemplates => "message templates",
            Quota::MediaBytes => "bytes of uploaded media",
        }
    }
}

impl FromStr for Quota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Quota::ALL.into_iter().find(|quota| quota.as_str() == text);
        found.ok_or_else(|| {
            let names: Vec<&str> = Quota::ALL.iter().map(|quota| quota.as_str()).collect();
            format!("there is no quota {text:?}; there are {}", names.join(", "))
        })
    }
}

/// A quota is exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaReached {
    pub quota: Quota,
    pub limit: i64,
    pub used: i64,
}

impl std::error::Error for QuotaReached {}

impl fmt::Display for QuotaReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quota, limit, used } = self;
        write!(
            f,
            "the tenant has {used} of the {limit} {} it may have; delete some, or ask the operator to raise the quota `{}` \
             (PATCH /admin/tenants/{{id}})",
            quota.what(),
            quota.as_str()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_found_by_its_name() {
        for quota in Quota::ALL {
            assert_eq!(quota.as_str().parse(), Ok(quota));
            assert!(quota.default() <= quota.most());
        }
        assert!("messages".parse::<Quota>().unwrap_err().contains("media_bytes"));
    }
}
