//! Business phone numbers: state, health, owner, and where their webhooks go.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Access, Error, GraphClient,
    response::{keyword, list, number, text},
};
use crate::phone::digits;

const FIELDS: &str = "display_phone_number,verified_name,quality_rating,status,throughput,name_status,\
                      code_verification_status,health_status,whatsapp_business_manager_messaging_limit,is_on_biz_app,\
                      webhook_configuration";

/// Maximum number of pages of an account's numbers that are read, of a hundred numbers each.
const MAX_PAGES: usize = 20;

/// State of a business phone number; each field may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneNumberInfo {
    /// Digits, with the country code.
    pub display_phone_number: Option<String>,
    pub verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN` or `NA`.
    pub quality_rating: Option<String>,
    /// `CONNECTED` can send; `PENDING`, `DISCONNECTED`, `BANNED`, … cannot.
    pub status: Option<String>,
    /// `STANDARD` is 80 messages per second, `HIGH` is 1,000; or `NOT_APPLICABLE`.
    pub throughput_level: Option<String>,
    /// Whether the WhatsApp Business app uses the number too (coexistence); its throughput is 20 messages per second then.
    pub on_business_app: Option<bool>,
    /// `TIER_50`, `TIER_250`, `TIER_2K`, `TIER_10K`, `TIER_100K`, `TIER_UNLIMITED`: customers per day, for the whole portfolio; `UNTIERED`
    /// where there is no tier yet.
    pub messaging_limit: Option<String>,
    pub name_status: Option<String>,
    pub code_verification_status: Option<String>,
    pub health: Option<HealthStatus>,
    pub callbacks: Callbacks,
}

/// Callback URLs for webhooks. An override receives messages, echoes, calls, history, groups and similar fields; the number's override
/// precedes its account's. Fields about templates and accounts always go to the app's URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callbacks {
    pub of_number: Option<String>,
    pub of_account: Option<String>,
    pub of_app: Option<String>,
}

impl Callbacks {
    /// Returns the override in force, if any.
    pub fn overriding(&self) -> Option<&str> {
        self.of_number.as_deref().or(self.of_account.as_deref())
    }

    /// Returns the URL that receives the number's messages.
    pub fn of_messages(&self) -> Option<&str> {
        self.overriding().or(self.of_app.as_deref())
    }
}

/// Ability of the number to send, with the obstacles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthStatus {
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`; the worst of all entities.
    pub can_send_message: Option<String>,
    pub entities: Vec<HealthEntity>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEntity {
    /// `PHONE_NUMBER`, `WABA`, `BUSINESS`, `APP` or `MESSAGE_TEMPLATE`.
    pub entity_type: Option<String>,
    pub id: Option<String>,
    pub can_send_message: Option<String>,
    pub problems: Vec<HealthProblem>,
    /// Sentences for people about limitations.
    pub additional_info: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthProblem {
    pub code: Option<i64>,
    pub description: Option<String>,
    pub solution: Option<String>,
}

/// An app subscribed to the webhooks of a WABA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedApp {
    pub id: Option<String>,
    pub name: Option<String>,
    /// Callback URL for messages, instead of the app's own.
    pub override_callback_uri: Option<String>,
}

impl GraphClient {
    pub async fn number(&self, access: Access<'_>) -> Result<PhoneNumberInfo, Error> {
        let request = self.get(access, &[access.phone_number_id]).query(&[("fields", FIELDS)]);
        let answer = self.request_json("number", request, access.token).await?;
        Ok(PhoneNumberInfo {
            display_phone_number: text(&answer["display_phone_number"]).and_then(|it| digits(&it)),
            verified_name: text(&answer["verified_name"]),
            quality_rating: keyword(&answer["quality_rating"]),
            status: keyword(&answer["status"]),
            throughput_level: keyword(&answer["throughput"]["level"]),
            on_business_app: answer["is_on_biz_app"].as_bool(),
            messaging_limit: keyword(&answer["whatsapp_business_manager_messaging_limit"]),
            name_status: keyword(&answer["name_status"]),
            code_verification_status: keyword(&answer["code_verification_status"]),
            health: answer.get("health_status").filter(|it| it.is_object()).map(health),
            callbacks: callbacks(&answer["webhook_configuration"]),
        })
    }

    /// Returns Meta's id of the portfolio that owns the WABA, if the token may read it.
    pub async fn owner_business(&self, access: Access<'_>) -> Result<Option<String>, Error> {
        let request = self
            .get(access, &[access.waba_id])
            .query(&[("fields", "owner_business_info")]);
        let answer = self.request_json("owner", request, access.token).await?;
        Ok(text(&answer["owner_business_info"]["id"]))
    }

    /// Returns the apps subscribed to the webhooks of the WABA. If there is none, Meta sends no webhooks: subscribe the app first.
    pub async fn subscribed_apps(&self, access: Access<'_>) -> Result<Vec<SubscribedApp>, Error> {
        let request = self.get(access, &[access.waba_id, "subscribed_apps"]);
        let answer = self.request_json("subscribed_apps", request, access.token).await?;
        let app = |entry: &Value| {
            let app = &entry["whatsapp_business_api_data"];
            SubscribedApp {
                id: text(&app["id"]),
                name: text(&app["name"]),
                override_callback_uri: text(&entry["override_callback_uri"]),
            }
        };
        Ok(list(&answer["data"]).iter().map(app).collect())
    }
}

impl GraphClient {
    /// Returns whether the WABA lists the number among its own.
    pub async fn lists_number(&self, access: Access<'_>) -> Result<bool, Error> {
        let mut after = String::new();
        for _ in 0..MAX_PAGES {
            let mut request = self.get(access, &[access.waba_id, "phone_numbers"]);
            request = request.query(&[("fields", "id"), ("limit", "100")]);
            if !after.is_empty() {
                request = request.query(&[("after", &after)]);
            }
            let answer = self.request_json("phone_numbers", request, access.token).await?;
            let is_it = |number: &Value| text(&number["id"]).as_deref() == Some(access.phone_number_id);
            if list(&answer["data"]).iter().any(is_it) {
                return Ok(true);
            }
            let next = text(&answer["paging"]["cursors"]["after"]);
            match next.filter(|_| answer["paging"]["next"].is_string()) {
                Some(next) => after = next,
                None => break,
            }
        }
        Ok(false)
    }

    /// Returns the time of Meta's clock, from the header of whatever Meta answers; `None` if it does not say. Needs no token.
    pub async fn server_time(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let answered = self.http.get(self.url(&[])).timeout(self.timeout).send().await;
        let answer = answered.map_err(|error| Error::transport(&error, self.timeout))?;
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        let time = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        Ok(time.map(|time| time.to_utc()))
    }
}

fn callbacks(configuration: &Value) -> Callbacks {
    let url = |member: &str| text(&configuration[member]).filter(|url| !url.is_empty());
    Callbacks {
        of_number: url("phone_number"),
        of_account: url("whatsapp_business_account"),
        of_app: url("application"),
    }
}

fn health(status: &Value) -> HealthStatus {
    let problem = |error: &Value| HealthProblem {
        code: number(&error["error_code"]),
        description: text(&error["error_description"]),
        solution: text(&error["possible_solution"]),
    };
    let entity = |entity: &Value| HealthEntity {
        entity_type: keyword(&entity["entity_type"]),
        id: text(&entity["id"]),
        can_send_message: keyword(&entity["can_send_message"]),
        problems: list(&entity["errors"]).iter().map(problem).collect(),
        additional_info: list(&entity["additional_info"]).iter().filter_map(text).collect(),
    };
    HealthStatus {
        can_send_message: keyword(&status["can_send_message"]),
        entities: list(&status["entities"]).iter().map(entity).collect(),
    }
}
