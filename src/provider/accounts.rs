//! What a provider says of a channel's number and account.

use chrono::{DateTime, Utc};

use super::{Error, PhoneNumberInfo, Provider, Providers, SubscribedApp, TokenInfo};
use crate::{config::Secret, directory::Route, meta::graph::Access};

/// A number as its provider knows it, and what asks about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskedNumber<'a> {
    pub provider: Provider,
    pub phone_number_id: &'a str,
    /// `None` where the provider has no such accounts.
    pub waba_id: Option<&'a str>,
    /// `None` if it cannot be decrypted.
    pub access_token: Option<&'a Secret>,
}

impl<'a> AskedNumber<'a> {
    /// Creates the number of a channel.
    pub fn of(route: &'a Route) -> Self {
        Self {
            provider: route.provider,
            phone_number_id: &route.phone_number_id,
            waba_id: route.waba_id.as_deref(),
            access_token: route.access_token.as_ref(),
        }
    }

    fn access(self, without: &'a Secret) -> Access<'a> {
        Access {
            phone_number_id: self.phone_number_id,
            waba_id: self.waba_id.unwrap_or_default(),
            token: self.access_token.unwrap_or(without),
        }
    }
}

/// The answers about a number. Each part is asked separately, so that one rejection hides no other answer.
#[derive(Debug)]
pub(crate) struct NumberAnswers {
    pub number: Result<PhoneNumberInfo, Error>,
    pub token: Result<TokenInfo, Error>,
    pub subscribed: Result<Vec<SubscribedApp>, Error>,
    /// The id of the portfolio that owns the account.
    pub owner: Result<Option<String>, Error>,
}

impl Providers {
    /// Asks about a number, its credentials and its account.
    pub(crate) async fn look_up(&self, asked: AskedNumber<'_>) -> NumberAnswers {
        match asked.provider {
            Provider::Meta => self.look_up_at_meta(asked).await,
        }
    }

    /// Asks whether the account lists the number as its own.
    pub(crate) async fn lists_number(&self, asked: AskedNumber<'_>) -> Result<bool, Error> {
        match asked.provider {
            Provider::Meta => self.meta.lists_number(asked.access(&Secret::new(""))).await,
        }
    }

    /// Returns the time of a provider's clock; `None` if it does not say.
    pub(crate) async fn time(&self, provider: Provider) -> Result<Option<DateTime<Utc>>, Error> {
        match provider {
            Provider::Meta => self.meta.server_time().await,
        }
    }

    async fn look_up_at_meta(&self, asked: AskedNumber<'_>) -> NumberAnswers {
        let no_token = Secret::new("");
        let access = asked.access(&no_token);
        let (number, token, subscribed, owner) = tokio::join!(
            self.meta.number(access),
            self.meta.token(access),
            self.meta.subscribed_apps(access),
            self.meta.owner_business(access)
        );
        NumberAnswers {
            number,
            token,
            subscribed,
            owner,
        }
    }
}
