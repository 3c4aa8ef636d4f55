//! The state of a number, and who hears its webhooks.

use serde_json::Value;

use super::{
    Access, Client, Error,
    answer::{list, number, text, word},
};
use crate::meta::phone::digits;

const FIELDS: &str = "display_phone_number,verified_name,quality_rating,status,throughput,name_status,\
                      code_verification_status,health_status,whatsapp_business_manager_messaging_limit,is_on_biz_app,\
                      webhook_configuration";

/// What Meta says of a business phone number; each part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// Digits, with the country code.
    pub display_phone_number: Option<String>,
    pub verified_name: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN` or `NA`.
    pub quality_rating: Option<String>,
    /// `CONNECTED` can send; `PENDING`, `DISCONNECTED`, `BANNED`, … cannot.
    pub status: Option<String>,
    /// `STANDARD` is 80 messages per second, `HIGH` is 1,000; or `NOT_APPLICABLE`.
    pub throughput_level: Option<String>,
    /// Whether the WhatsApp Business app uses it too ("coexistence"): then it is 20 messages per second.
    pub on_business_app: Option<bool>,
    /// `TIER_50`, `TIER_250`, `TIER_2K`, `TIER_10K`, `TIER_100K`, `TIER_UNLIMITED`: customers a day, for the whole portfolio;
    /// `UNTIERED` where there is no tier yet.
    pub messaging_limit: Option<String>,
    pub name_status: Option<String>,
    pub code_verification_status: Option<String>,
    pub health: Option<Health>,
    pub callbacks: Callbacks,
}

/// Where Meta posts webhooks. An override takes messages, echoes, calls, history, groups and their like, the number's before its
/// account's; fields of templates and accounts always go to the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callbacks {
    pub of_number: Option<String>,
    pub of_account: Option<String>,
    pub of_app: Option<String>,
}

impl Callbacks {
    /// The override in force, if there is one.
    pub fn overriding(&self) -> Option<&str> {
        self.of_number.as_deref().or(self.of_account.as_deref())
    }

    /// Where the number's messages go.
    pub fn of_messages(&self) -> Option<&str> {
        self.overriding().or(self.of_app.as_deref())
    }
}

/// Whether messages can be sent, and what stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `AVAILABLE`, `LIMITED` or `BLOCKED`; the worst of the entities.
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
    /// Sentences for people, on what is limited.
    pub additional_info: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthProblem {
    pub code: Option<i64>,
    pub description: Option<String>,
    pub solution: Option<String>,
}

/// An app that hears the webhooks of a WABA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscribedApp {
    pub id: Option<String>,
    pub name: Option<String>,
    /// Where its messages go instead of the app's own address.
    pub override_callback_uri: Option<String>,
}

impl Client {
    pub async fn number(&self, access: Access<'_>) -> Result<Number, Error> {
        let request = self.get(access, &[access.phone_number_id]).query(&[("fields", FIELDS)]);
        let answer = self.call("number", request, access.token).await?;
        Ok(Number {
            display_phone_number: text(&answer["display_phone_number"]).and_then(|it| digits(&it)),
            verified_name: text(&answer["verified_name"]),
            quality_rating: word(&answer["quality_rating"]),
            status: word(&answer["status"]),
            throughput_level: word(&answer["throughput"]["level"]),
            on_business_app: answer["is_on_biz_app"].as_bool(),
            messaging_limit: word(&answer["whatsapp_business_manager_messaging_limit"]),
            name_status: word(&answer["name_status"]),
            code_verification_status: word(&answer["code_verification_status"]),
            health: answer.get("health_status").filter(|it| it.is_object()).map(health),
            callbacks: callbacks(&answer["webhook_configuration"]),
        })
    }

    /// Meta's id of the business portfolio that owns the WABA, if the token may know it.
    pub async fn owner(&self, access: Access<'_>) -> Result<Option<String>, Error> {
        let request = self
            .get(access, &[access.waba_id])
            .query(&[("fields", "owner_business_info")]);
        let answer = self.call("owner", request, access.token).await?;
        Ok(text(&answer["owner_business_info"]["id"]))
    }

    /// The apps that hear the webhooks of the WABA. None means that Meta tells nobody: subscribe the app first.
    pub async fn subscribed(&self, access: Access<'_>) -> Result<Vec<SubscribedApp>, Error> {
        let request = self.get(access, &[access.waba_id, "subscribed_apps"]);
        let answer = self.call("subscribed_apps", request, access.token).await?;
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

fn callbacks(configuration: &Value) -> Callbacks {
    let url = |member: &str| text(&configuration[member]).filter(|url| !url.is_empty());
    Callbacks {
        of_number: url("phone_number"),
        of_account: url("whatsapp_business_account"),
        of_app: url("application"),
    }
}

fn health(status: &Value) -> Health {
    let problem = |error: &Value| HealthProblem {
        code: number(&error["error_code"]),
        description: text(&error["error_description"]),
        solution: text(&error["possible_solution"]),
    };
    let entity = |entity: &Value| HealthEntity {
        entity_type: word(&entity["entity_type"]),
        id: text(&entity["id"]),
        can_send_message: word(&entity["can_send_message"]),
        problems: list(&entity["errors"]).iter().map(problem).collect(),
        additional_info: list(&entity["additional_info"]).iter().filter_map(text).collect(),
    };
    Health {
        can_send_message: word(&status["can_send_message"]),
        entities: list(&status["entities"]).iter().map(entity).collect(),
    }
}
