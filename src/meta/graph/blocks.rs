//! Customers whom a business blocks on one of its numbers. Meta blocks only those who wrote within 24 hours, at most 64,000 of them,
//! and answers for each by itself.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    Access, Client, Error,
    answer::{list, number, text},
    errors,
};
use crate::meta::{error_data, webhook::phone};

/// The most in one call.
pub const MOST: usize = 1_000;

/// A customer as Meta names them. A parent user id is not accepted here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// Digits.
    Phone(String),
    UserId(String),
}

/// What became of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockChange {
    pub person: Person,
    /// What Meta calls them besides: the number as WhatsApp knows it, the business-scoped id.
    pub also: Vec<Person>,
    /// The code and Meta's words, when it was not done.
    pub refused: Option<(i64, String)>,
}

/// Somebody on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub phone: Option<String>,
    pub user_id: Option<String>,
}

/// A page of the list, and how to ask for the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockedPage {
    pub people: Vec<Blocked>,
    pub after: Option<String>,
}

impl Person {
    fn text(&self) -> &str {
        match self {
            Self::Phone(text) | Self::UserId(text) => text,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Phone(digits) => json!({ "user": format!("+{digits}") }),
            Self::UserId(id) => json!({ "user_id": id }),
        }
    }

    /// Whether Meta speaks of them: it repeats what it was given, and says what it knows.
    fn is(&self, told: &Value) -> bool {
        let same = |member: &str| {
            let told = text(&told[member]);
            told.is_some_and(|told| told.trim_start_matches('+') == self.text())
        };
        match self {
            Self::Phone(_) => same("input") || same("wa_id"),
            Self::UserId(_) => same("input") || same("user_id"),
        }
    }

    /// What else an entry about them calls them.
    fn besides(&self, entry: &Value) -> Vec<Self> {
        let number = text(&entry["wa_id"]).and_then(|it| phone(&it)).map(Self::Phone);
        let id = text(&entry["user_id"]).map(Self::UserId);
        number.into_iter().chain(id).filter(|it| it != self).collect()
    }
}

impl Client {
    /// Blocks up to [`MOST`] customers, and says of each whether it was done.
    pub async fn block(&self, access: Access<'_>, people: &[Person]) -> Result<Vec<BlockChange>, Error> {
        let request = self.blocks(access, Method::POST);
        self.change_blocks("block", request, access, people).await
    }

    pub async fn unblock(&self, access: Access<'_>, people: &[Person]) -> Result<Vec<BlockChange>, Error> {
        let request = self.blocks(access, Method::DELETE);
        self.change_blocks("unblock", request, access, people).await
    }

    /// A page of those who are blocked; `after` is from the page before.
    pub async fn blocked(&self, access: Access<'_>, limit: i64, after: Option<&str>) -> Result<BlockedPage, Error> {
        let mut request = self.blocks(access, Method::GET).query(&[("limit", limit)]);
        if let Some(after) = after {
            request = request.query(&[("after", after)]);
        }
        let answer = self.call("blocked", request, access.token).await?;
        let person = |entry: &Value| Blocked {
            phone: text(&entry["wa_id"]),
            user_id: text(&entry["user_id"]),
        };
        let paging = &answer["paging"];
        Ok(BlockedPage {
            people: list(&answer["data"]).iter().map(person).collect(),
            after: text(&paging["cursors"]["after"]).filter(|_| paging["next"].is_string()),
        })
    }

    fn blocks(&self, access: Access<'_>, method: Method) -> RequestBuilder {
        let url = self.url(&[access.phone_number_id, "block_users"]);
        let request = self.http.request(method, url);
        request.bearer_auth(access.token.expose()).timeout(self.timeout)
    }

    /// Some may fail while others do not: then the answer is an error that says both.
    async fn change_blocks(
        &self,
        what: &'static str,
        request: RequestBuilder,
        access: Access<'_>,
        people: &[Person],
    ) -> Result<Vec<BlockChange>, Error> {
        let people_json: Vec<Value> = people.iter().map(Person::json).collect();
        let request = request.json(&json!({ "messaging_product": "whatsapp", "block_users": people_json }));
        let answer = self
            .call_in_part(what, request, access.token, Some("block_users"))
            .await?;
        let told = &answer["block_users"];
        let failed = list(&told["failed_users"]);
        let refusal = |person: &Person| {
            let entry = failed.iter().find(|entry| person.is(entry))?;
            let error = &entry["errors"][0];
            let said = error_data::details(&error["error_data"]).or_else(|| text(&error["message"]));
            let code = number(&error["code"]).map(|code| errors::decisive(code, number(&error["error_subcode"])));
            Some((code.unwrap_or(139_100), said.unwrap_or_default()))
        };
        let done = ["added_users", "removed_users"].map(|members| list(&told[members]));
        let also = |person: &Person| {
            let entry = done.iter().copied().flatten().find(|entry| person.is(entry));
            entry.map(|entry| person.besides(entry)).unwrap_or_default()
        };
        let change = |person: &Person| BlockChange {
            person: person.clone(),
            also: also(person),
            refused: refusal(person),
        };
        Ok(people.iter().map(change).collect())
    }
}
