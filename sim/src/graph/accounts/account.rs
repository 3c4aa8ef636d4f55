//! A WhatsApp business account: who owns it, and what keeps it from sending.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::graph::Graph;
use crate::graph::refusal::Refusal;
use crate::graph::request::{Call, select};
use crate::graph::time::DAY;
use crate::graph::tokens::Scope;
use crate::simulator::lock;

/// Why an account may not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Locked: 131031.
    Locked,
    /// No way to pay: 131042.
    Payment,
    /// Restricted for breaking a policy: 368.
    Policy,
}

impl Trouble {
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Locked => 131031,
            Self::Payment => 131042,
            Self::Policy => 368,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Account {
    pub id: String,
    pub trouble: Mutex<Option<Trouble>>,
    /// Whether the app is subscribed, and the callback URL in place of the app's own.
    pub subscription: Mutex<Option<Option<String>>>,
}

impl Account {
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            trouble: Mutex::new(None),
            subscription: Mutex::new(Some(None)),
        }
    }

    pub fn trouble(&self) -> Option<Trouble> {
        *lock(&self.trouble)
    }
}

impl Graph {
    /// Gives an account a trouble or takes it away, and announces it as Meta does. False if there is no such account.
    pub fn trouble_account(&self, waba_id: &str, trouble: Option<Trouble>) -> bool {
        let Some(account) = self.account(waba_id) else {
            return false;
        };
        let before = std::mem::replace(&mut *lock(&account.trouble), trouble);
        let value = match (before, trouble) {
            (_, Some(Trouble::Locked)) => ban("DISABLE"),
            (Some(Trouble::Locked), None) => ban("REINSTATE"),
            (_, Some(Trouble::Policy)) => json!({
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": [{
                    "restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING",
                    "expiration": (self.time.now() + DAY) / 1_000_000,
                }],
            }),
            _ => return true,
        };
        self.announce(waba_id, "account_update", value);
        true
    }

    pub(crate) fn account(&self, id: &str) -> Option<Arc<Account>> {
        lock(&self.accounts).get(id).cloned()
    }

    pub(crate) fn waba_ids(&self) -> Vec<String> {
        lock(&self.accounts).keys().cloned().collect()
    }

    /// The account a management call is addressed to, if the token opens it.
    pub(crate) fn managed(&self, call: &Call) -> Result<Arc<Account>, Refusal> {
        self.allow(call, Scope::Management, Some(call.object()))?;
        self.account(call.object())
            .ok_or_else(|| Refusal::no_object(call.object()))
    }

    /// `GET /{waba}`.
    pub(crate) fn show_account(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let business = json!({"id": self.config.business_id, "name": "Simulated portfolio"});
        let mut whole = json!({
            "id": account.id,
            "name": self.config.verified_name,
            "currency": "USD",
            "timezone_id": "1",
            "message_template_namespace": "5f3c0c4d_6f1b_4c0b_9d0e_000000000001",
            "account_review_status": "APPROVED",
            "business_verification_status": "verified",
            "country": "US",
            "ownership_type": "CLIENT_OWNED",
            "owner_business": business,
            "owner_business_info": business,
            "on_behalf_of_business_info": {
                "id": self.config.business_id,
                "name": "Simulated portfolio",
                "status": "APPROVED",
                "type": "OWNED",
            },
            "status": if account.trouble().is_some() { "DISABLED" } else { "ACTIVE" },
            "health_status": self.health(&account, None),
            // Left out where there is no way to pay.
            "primary_funding_id": (account.trouble() != Some(Trouble::Payment)).then_some("250012345678901"),
            "subscribed_apps": self.subscribed_apps(&account),
        });
        if let Some(whole) = whole.as_object_mut() {
            whole.retain(|_, value| !value.is_null());
        }
        let usual = ["name", "currency", "timezone_id", "message_template_namespace"];
        Ok(select(whole, Some(&call.fields().unwrap_or(usual.to_vec()))))
    }

    /// `GET /{waba}/phone_numbers`.
    pub(crate) fn list_numbers(&self, call: &Call) -> Result<Value, Refusal> {
        let account = self.managed(call)?;
        let mut numbers = self.numbers();
        numbers.retain(|number| number.line.waba_id == account.id);
        let data: Vec<Value> = numbers.iter().map(|number| self.number_json(number, call)).collect();
        Ok(json!({"data": data, "paging": {"cursors": {"before": "QVFI", "after": "QVFJ"}}}))
    }
}

fn ban(state: &str) -> Value {
    json!({
        "event": "DISABLED_UPDATE",
        "ban_info": {"waba_ban_state": [state], "waba_ban_date": "November 21, 2026"},
    })
}
