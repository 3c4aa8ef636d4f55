//! Message templates of a WABA. Components are passed on as Meta writes them; `templates::schema` interprets them.

use reqwest::RequestBuilder;
use serde_json::Value;

use super::{
    Access, Error, GraphClient,
    response::{keyword, list, number, required, text},
};

const FIELDS: &str = "id,name,language,status,category,previous_category,components,quality_score,parameter_format,\
                      rejected_reason,message_send_ttl_seconds";
const PAGE_SIZE: &str = "100";
/// At 100 per page: a verified portfolio may have 6,000 templates per WABA.
const MAX_PAGES: usize = 100;

#[derive(Clone, Debug, PartialEq)]
pub struct GraphTemplate {
    pub id: String,
    pub name: String,
    /// As Meta writes it: `en_US`, `pt_BR`, `es`.
    pub language: String,
    /// `APPROVED` can be sent; `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, `IN_APPEAL`, `PENDING_DELETION`, `DELETED`,
    /// `LIMIT_EXCEEDED`, `ARCHIVED` cannot.
    pub status: Option<String>,
    /// `AUTHENTICATION`, `MARKETING` or `UTILITY`.
    pub category: Option<String>,
    pub previous_category: Option<String>,
    /// `POSITIONAL` or `NAMED`.
    pub parameter_format: Option<String>,
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub quality: Option<String>,
    pub rejected_reason: Option<String>,
    /// Seconds after which an undelivered message is dropped.
    pub message_send_ttl_seconds: Option<i64>,
    /// An array, as Meta writes it.
    pub components: Value,
}

/// Meta's answer to the creation of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedTemplate {
    pub id: String,
    pub status: Option<String>,
    /// May differ from the requested one.
    pub category: Option<String>,
}

impl GraphClient {
    /// Lists all templates of the WABA, page by page.
    pub async fn templates(&self, access: Access<'_>) -> Result<Vec<GraphTemplate>, Error> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let request = self.templates_request(access, &[("fields", FIELDS), ("limit", PAGE_SIZE)]);
            let request = match &after {
                Some(cursor) => request.query(&[("after", cursor)]),
                None => request,
            };
            let answer = self.request_json("templates", request, access.token).await?;
            found.extend(list(&answer["data"]).iter().filter_map(template));
            let next = text(&answer["paging"]["cursors"]["after"]).filter(|_| answer["paging"]["next"].is_string());
            if next.is_none() || next == after {
                return Ok(found);
            }
            after = next;
        }
        let why = format!("more than {MAX_PAGES} pages of templates");
        Err(Error::Unreadable { http_status: 200, why })
    }

    pub async fn template(&self, access: Access<'_>, id: &str) -> Result<GraphTemplate, Error> {
        let request = self.get(access, &[id]).query(&[("fields", FIELDS)]);
        let answer = self.request_json("template", request, access.token).await?;
        template(&answer).ok_or_else(|| Error::Unreadable {
            http_status: 200,
            why: "missing id, name or language".to_owned(),
        })
    }

    /// Creates a template from `{name, category, language, components, …}` in Meta's format.
    pub async fn create_template(&self, access: Access<'_>, definition: &Value) -> Result<CreatedTemplate, Error> {
        let request = self
            .post(access, &[access.waba_id, "message_templates"])
            .json(definition);
        let answer = self.request_json("template_create", request, access.token).await?;
        Ok(CreatedTemplate {
            id: required(&answer, "id")?,
            status: keyword(&answer["status"]),
            category: keyword(&answer["category"]),
        })
    }

    /// Edits a template by replacing whole components. Only approved, rejected or paused templates can be edited, an approved one once a
    /// day.
    pub async fn edit_template(&self, access: Access<'_>, id: &str, change: &Value) -> Result<(), Error> {
        let request = self.post(access, &[id]).json(change);
        self.request_success("template_edit", request, access.token).await
    }

    /// Deletes one language by the template's id, or all languages of the name.
    pub async fn delete_template(&self, access: Access<'_>, name: &str, id: Option<&str>) -> Result<(), Error> {
        let request = self
            .delete(access, &[access.waba_id, "message_templates"])
            .query(&[("name", name)]);
        let request = match id {
            Some(id) => request.query(&[("hsm_id", id)]),
            None => request,
        };
        self.request_success("template_delete", request, access.token).await
    }

    /// Ends a pause that was caused by pacing; a pause for low quality ends by itself.
    pub async fn unpause_template(&self, access: Access<'_>, id: &str) -> Result<(), Error> {
        let request = self.post(access, &[id, "unpause"]);
        self.request_success("template_unpause", request, access.token).await
    }

    fn templates_request(&self, access: Access<'_>, query: &[(&str, &str)]) -> RequestBuilder {
        self.get(access, &[access.waba_id, "message_templates"]).query(query)
    }
}

fn template(entry: &Value) -> Option<GraphTemplate> {
    Some(GraphTemplate {
        id: text(&entry["id"])?,
        name: text(&entry["name"])?,
        language: text(&entry["language"])?,
        status: keyword(&entry["status"]),
        category: keyword(&entry["category"]),
        previous_category: keyword(&entry["previous_category"]),
        parameter_format: keyword(&entry["parameter_format"]),
        quality: keyword(&entry["quality_score"]["score"]),
        rejected_reason: keyword(&entry["rejected_reason"]).filter(|reason| reason != "NONE"),
        message_send_ttl_seconds: number(&entry["message_send_ttl_seconds"]),
        components: entry
            .get("components")
            .filter(|it| it.is_array())
            .cloned()
            .unwrap_or_else(|| Value::Array(Vec::new())),
    })
}
