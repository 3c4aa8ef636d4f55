//! Creates or updates many contacts at once.

use axum::{Json as Body, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::write::ContactMembers;
use crate::{
    app::App,
    contacts::write::{self as verb, ContactInput, ContactKey, ContactWritten, MAX_BATCH, WriteMode},
    domain::{ContactId, perm},
    http::{
        auth::May,
        extract::Json,
        problem::{Problem, ProblemBody},
    },
};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactBatch {
    /// Contacts to create or to update, found by their phone, user id or external id.
    #[schema(min_items = 1, max_items = 1_000)]
    contacts: Vec<ContactMembers>,
}

/// A result for each contact, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContactBatchResults {
    created: usize,
    updated: usize,
    unchanged: usize,
    failed: usize,
    results: Vec<ContactBatchResult>,
}

#[derive(Serialize, ToSchema)]
struct ContactBatchResult {
    index: usize,
    /// `created`, `updated`, `unchanged` or `failed`.
    result: &'static str,
    /// Null if it failed.
    #[schema(required)]
    contact_id: Option<ContactId>,
    /// Why it failed.
    #[schema(required)]
    problem: Option<ProblemBodyOwned>,
}

/// Why a contact of a batch failed.
#[derive(Serialize, ToSchema)]
#[schema(as = ContactProblem)]
struct ProblemBodyOwned {
    /// `urn:mainstay:problem:` and a name that does not change.
    #[serde(rename = "type")]
    kind: String,
    detail: String,
    /// The invalid member.
    #[schema(required)]
    field: Option<String>,
}

impl From<&Problem> for ProblemBodyOwned {
    fn from(problem: &Problem) -> Self {
        let body: ProblemBody<'_> = problem.body();
        let (kind, detail, field) = body.summary();
        Self { kind, detail, field }
    }
}

/// Create or update contacts
///
/// Up to 1,000 in one transaction; one that fails does not affect the others.
#[utoipa::path(post, path = "/api/v1/contacts/batch", request_body = ContactBatch,
    responses((status = 200, description = "A result for each", body = ContactBatchResults)))]
pub async fn upsert_all(
    caller: May<perm::ContactsWrite>,
    State(app): State<App>,
    Json(batch): Json<ContactBatch>,
) -> Result<Body<ContactBatchResults>, Problem> {
    let count = batch.contacts.len();
    if !(1..=MAX_BATCH).contains(&count) {
        let detail = format!("contacts: must hold 1 to {MAX_BATCH}; it holds {count}.");
        return Err(Problem::invalid_field("contacts", detail, Some(MAX_BATCH as u64)));
    }
    let inputs = batch
        .contacts
        .into_iter()
        .map(|it| it.input(&caller, ContactKey::Identities));
    let inputs: Vec<Result<ContactInput, Problem>> = inputs.collect();
    let valid: Vec<ContactInput> = inputs.iter().flatten().cloned().collect();
    let mut written = verb::write(&app.contacts, &caller, WriteMode::Upsert, &valid)
        .await?
        .into_iter();
    let mut answer = ContactBatchResults {
        created: 0,
        updated: 0,
        unchanged: 0,
        failed: 0,
        results: Vec::with_capacity(count),
    };
    for (index, input) in inputs.into_iter().enumerate() {
        let outcome = input.map(|_| written.next());
        let outcome: Result<ContactWritten, Problem> = match outcome {
            Ok(Some(written)) => written.map_err(Problem::from),
            Ok(None) => Err(Problem::internal()),
            Err(problem) => Err(problem),
        };
        answer.add(index, outcome);
    }
    Ok(Body(answer))
}

impl ContactBatchResults {
    fn add(&mut self, index: usize, outcome: Result<ContactWritten, Problem>) {
        let (result, counter) = match &outcome {
            Ok(ContactWritten { created: true, .. }) => ("created", &mut self.created),
            Ok(ContactWritten { changed: true, .. }) => ("updated", &mut self.updated),
            Ok(_) => ("unchanged", &mut self.unchanged),
            Err(_) => ("failed", &mut self.failed),
        };
        *counter += 1;
        self.results.push(ContactBatchResult {
            index,
            result,
            contact_id: outcome.as_ref().ok().map(|it| it.contact),
            problem: outcome.as_ref().err().map(ProblemBodyOwned::from),
        });
    }
}
