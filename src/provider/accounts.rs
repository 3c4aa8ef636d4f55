//! What a provider says of a channel's number and account.

use super::{Error, PhoneNumberInfo, Provider, Providers, SubscribedApp, TokenInfo};
use crate::{config::Secret, directory::Route, meta::graph::Access};

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
    /// Asks about a channel's number, its credentials and its account.
    pub(crate) async fn look_up(&self, route: &Route) -> NumberAnswers {
        match route.provider {
            Provider::Meta => self.look_up_at_meta(route).await,
        }
    }

    async fn look_up_at_meta(&self, route: &Route) -> NumberAnswers {
        let no_token = Secret::new("");
        let access = Access {
            phone_number_id: &route.phone_number_id,
            waba_id: route.waba_id.as_deref().unwrap_or_default(),
            token: route.access_token.as_ref().unwrap_or(&no_token),
        };
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
