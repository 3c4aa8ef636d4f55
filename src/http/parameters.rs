//! Rejects unknown query parameters, as unknown members of a body are rejected: a misspelt filter would be ignored, and a list that was to
//! be narrowed would hold everything.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use utoipa::openapi::{
    OpenApi, RefOr,
    path::{Operation, ParameterIn},
};

use super::problem::Problem;

/// Maximum number of characters of an unknown name that are echoed.
const SHOWN: usize = 64;

/// The query parameters of each operation, as in the OpenAPI document.
#[derive(Default)]
pub(crate) struct KnownParameters(HashMap<(Method, String), Vec<String>>);

impl KnownParameters {
    pub fn of(document: &OpenApi) -> Self {
        let mut known = HashMap::new();
        for (path, item) in &document.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    known.insert((method, path.clone()), in_query(operation));
                }
            }
        }
        Self(known)
    }

    /// Returns the first query parameter that the operation lacks, and the parameters it has. `None` for a path without an operation.
    fn unknown(&self, method: &Method, path: &str, query: &str) -> Option<(String, &[String])> {
        // HEAD is answered as GET.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        let known = self.0.get(&(method.clone(), path.to_owned()))?;
        let mut names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
        let unknown = names.find(|name| !known.iter().any(|it| it == name.as_ref()))?;
        Some((unknown.chars().take(SHOWN).collect(), known))
    }
}

fn in_query(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten();
    let name = |it: &RefOr<utoipa::openapi::path::Parameter>| match it {
        RefOr::T(it) if it.parameter_in == ParameterIn::Query => Some(it.name.clone()),
        _ => None,
    };
    parameters.filter_map(name).collect()
}

/// Answers 400 to a request with an unknown query parameter.
pub(crate) async fn refuse_unknown(
    State(known): State<Arc<KnownParameters>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let (Some(query), Some(path)) = (request.uri().query(), request.extensions().get::<MatchedPath>())
        && let Some((name, known)) = known.unknown(request.method(), path.as_str(), query)
    {
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let known = match known.is_empty() {
            true => "there are none".to_owned(),
            false => format!("there are {}", known.join(", ")),
        };
        return Err(Problem::invalid(format!(
            "There is no parameter `{name}` here; {known}."
        )));
    }
    Ok(next.run(request).await)
}
