//! Dead letters of all queues, for the operator.

use axum::{Json as Body, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::queues::named;
use crate::{
    app::App,
    http::{
        auth::Operator,
        extract::{Json, Query},
        paging::{Page, Paging, PagingParams},
        problem::Problem,
    },
    jobs::{QUEUES, id_prefix, revives},
    queue::{
        Queue, admin,
        dead_letters::{self, DeadLetter, DeadLetterFilter, DeadLetterStats, PER_RUN},
    },
};

const LIST: &str = "dead letters";
/// Maximum characters of an error, as they are stored.
const ERROR_LENGTH: usize = 1_000;

/// A job that was given up.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterView {
    pub queue: String,
    /// The id of the job's row.
    pub id: String,
    /// Attempts since it was made, or revived.
    pub attempts: i64,
    /// How often it was revived.
    pub revivals: i64,
    /// Whether it was refused for good, so that it is not revived.
    pub refused: bool,
    #[schema(required)]
    pub last_error: Option<String>,
    /// When it was given up, the last time.
    #[schema(required)]
    pub dead_since: Option<DateTime<Utc>>,
    /// From when on it is revived; null if it will not be.
    #[schema(required)]
    pub revived_from: Option<DateTime<Utc>>,
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
}

impl DeadLetterView {
    fn of(app: &App, queue: &Queue, letter: DeadLetter) -> Self {
        let may_live = revives(queue) && !letter.is_refused() && letter.archived_at.is_none();
        let died = letter.finished_at.filter(|_| may_live);
        Self {
            queue: queue.name.to_owned(),
            id: format!("{}_{}", id_prefix(queue), letter.id.simple()),
            attempts: letter.attempts,
            revivals: letter.revived(),
            refused: letter.is_refused(),
            revived_from: died.and_then(|died| app.config.dead_letters.next(letter.revived(), died)),
            last_error: letter.last_error,
            dead_since: letter.finished_at,
            archived_at: letter.archived_at,
        }
    }
}

/// Selects dead letters.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListDeadLettersQuery {
    /// Only those of this queue.
    queue: Option<String>,
    /// Whether those are listed that were archived, instead of those that were not.
    archived: Option<bool>,
}

/// Which dead letters are tried again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryDeadLetters {
    /// The name of a queue.
    queue: String,
    /// Only those whose last error is exactly this; null for all.
    #[schema(max_length = 1_000)]
    error: Option<String>,
    /// Whether those are tried again that were archived, instead of those that were not.
    #[serde(default)]
    archived: bool,
}

/// How many dead letters are due again.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetriedDeadLetters {
    pub retried: i64,
    /// Whether there may be more: a request takes at most 2,000.
    pub more: bool,
}

/// The dead letters of all queues in figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadLetterFigures {
    #[serde(flatten)]
    pub stats: DeadLetterStats,
    /// Whether dead jobs of the queue are revived and archived.
    pub revives: bool,
}

fn filter(archived: bool) -> DeadLetterFilter {
    match archived {
        true => DeadLetterFilter::Archived,
        false => DeadLetterFilter::Unarchived,
    }
}

/// List dead letters
///
/// Jobs that were given up, queue by queue, the newest first. Archived ones only with `archived=true`.
#[utoipa::path(get, path = "/admin/dead-letters", params(PagingParams, ListDeadLettersQuery),
    responses(
        (status = 200, description = "A page of dead letters", body = Page<DeadLetterView>),
        (status = 404, description = "No such queue"),
    ))]
pub async fn list(
    _: Operator,
    State(app): State<App>,
    paging: Paging,
    Query(query): Query<ListDeadLettersQuery>,
) -> Result<Body<Page<DeadLetterView>>, Problem> {
    let which = filter(query.archived.unwrap_or_default());
    let only = query.queue.as_deref().map(named).transpose()?;
    let after: Option<(String, Uuid)> = paging.key(LIST)?;
    let (mut from, mut before) = match after {
        Some((queue, id)) => (Some(named(&queue)?), Some(id)),
        None => (None, None),
    };
    let mut rows = Vec::new();
    for queue in QUEUES.iter().filter(|queue| only.is_none_or(|only| only == *queue)) {
        if from.is_some_and(|from| from != queue) {
            continue;
        }
        from = None;
        let left = paging.rows() - rows.len() as i64;
        let found = dead_letters::dead_letters(&app.db, queue, which, before.take(), left).await?;
        rows.extend(found.into_iter().map(|letter| (queue, letter)));
        if rows.len() as i64 >= paging.rows() {
            break;
        }
    }
    let page = Page::new(&paging, LIST, rows, |(queue, letter)| (queue.name, letter.id));
    Ok(Body(
        page.map(|(queue, letter)| DeadLetterView::of(&app, queue, letter)),
    ))
}

/// Figures of dead letters
///
/// For each queue: how many are dead, archived, revived and recovered, the oldest, and the ten commonest errors.
#[utoipa::path(get, path = "/admin/dead-letters/stats",
    responses((status = 200, description = "The figures of all queues", body = Page<DeadLetterFigures>)))]
pub async fn stats(_: Operator, State(app): State<App>) -> Result<Body<Page<DeadLetterFigures>>, Problem> {
    let mut all = Vec::with_capacity(QUEUES.len());
    for queue in QUEUES {
        all.push(DeadLetterFigures {
            stats: dead_letters::dead_letter_stats(&app.db, queue).await?,
            revives: revives(queue),
        });
    }
    Ok(Body(Page::single(all)))
}

/// Retry dead letters
///
/// Makes dead jobs of a queue due now, at most 2,000: their attempts and revivals are counted from zero.
#[utoipa::path(post, path = "/admin/dead-letters/retry", request_body = RetryDeadLetters,
    responses((status = 200, description = "Due now", body = RetriedDeadLetters), (status = 404, description = "No such queue")))]
pub async fn retry(
    _: Operator,
    State(app): State<App>,
    Json(asked): Json<RetryDeadLetters>,
) -> Result<Body<RetriedDeadLetters>, Problem> {
    let queue = named(&asked.queue)?;
    if asked
        .error
        .as_ref()
        .is_some_and(|error| error.chars().count() > ERROR_LENGTH)
    {
        const DETAIL: &str = "`error` has at most 1,000 characters: pass `last_error` of a dead letter unchanged.";
        return Err(Problem::invalid_field("error", DETAIL, Some(ERROR_LENGTH as u64)));
    }
    let found = dead_letters::with_error(&app.db, queue, filter(asked.archived), asked.error.as_deref()).await?;
    let retried = admin::retry(&app.db, &app.queues, queue, &found, app.clock.now()).await?;
    Ok(Body(RetriedDeadLetters {
        retried: retried.len() as i64,
        more: found.len() as i64 == PER_RUN,
    }))
}
