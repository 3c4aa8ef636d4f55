//! Keyset pagination: a cursor holds the key of the last row, so rows added or removed meanwhile are neither repeated nor skipped.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{extract::Query, problem::Problem};
use crate::domain;

const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// The query parameters of a paged list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PagingParams {
    /// Maximum number of items; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

/// The checked [`PagingParams`].
pub(crate) struct Paging {
    limit: i64,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(given) = Query::<PagingParams>::from_request_parts(parts, state).await?;
        let limit = given.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::invalid(format!(
                "`limit` must be a whole number from 1 to {MAX_LIMIT}."
            )));
        }
        Ok(Self {
            limit,
            cursor: given.cursor.filter(|cursor| !cursor.is_empty()),
        })
    }
}

impl Paging {
    pub fn limit(&self) -> i64 {
        self.limit
    }

    /// Returns the number of rows to query: one more than is shown, which tells whether a next page exists.
    pub fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// Returns the key at which the previous page ended. A cursor is valid for its own list only.
    pub fn key<K: DeserializeOwned>(&self, list: &str) -> Result<Option<K>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let found = bytes.and_then(|bytes| serde_json::from_slice::<(String, Value)>(&bytes).ok());
        let key = found
            .filter(|(of, key)| of == list && is_storable(key))
            .map(|(_, key)| key);
        match key.and_then(|key| serde_json::from_value(key).ok()) {
            Some(key) => Ok(Some(key)),
            None => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "invalid-cursor",
                "Invalid cursor",
                "Pass `next_cursor` of the page before unchanged, or leave `cursor` out to begin at the first page.",
            )),
        }
    }
}

/// Returns whether the databases can hold a key: no text with a NUL, no time outside the years 1 to 9999.
fn is_storable(key: &Value) -> bool {
    match key {
        Value::String(text) => {
            let is_time = text.parse::<DateTime<Utc>>();
            !text.contains('\0') && is_time.map_or(true, domain::is_storable)
        }
        Value::Array(parts) => parts.iter().all(is_storable),
        Value::Object(members) => members.values().all(is_storable),
        _ => true,
    }
}

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page<T> {
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; null on the last one. A page may hold fewer than `limit` items, even none, and still
    /// have a next one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Creates a page of the rows that [`Paging::rows`] asked for; `key` is where the next page begins.
    pub fn new<K: Serialize>(paging: &Paging, list: &str, rows: Vec<T>, key: impl Fn(&T) -> K) -> Self {
        Self::filtered(paging, list, rows, None, key)
    }

    /// Creates a page of a filtered list: `floor` is the last row that was examined, if more follow.
    pub(crate) fn filtered<K: Serialize>(
        paging: &Paging,
        list: &str,
        mut rows: Vec<T>,
        floor: Option<K>,
        key: impl Fn(&T) -> K,
    ) -> Self {
        let most = usize::try_from(paging.limit).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        let end = if more { rows.last().map(key) } else { floor };
        Self {
            data: rows,
            next_cursor: end.map(|key| cursor(list, &key)),
        }
    }

    /// Creates a list that fits into one page.
    pub fn single(data: Vec<T>) -> Self {
        Self {
            data,
            next_cursor: None,
        }
    }

    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(show).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// Encodes the cursor of a list after a row with this key.
pub fn cursor<K: Serialize>(list: &str, key: &K) -> String {
    let bytes = serde_json::to_vec(&(list, key)).expect("keys are numbers, times and ids");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
