//! A call, as far as it can be understood before anything is looked up.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use reqwest::Url;
use serde_json::Value;

use super::refusal::Refusal;

#[derive(Debug)]
pub(crate) struct Call {
    pub method: Method,
    /// Without the version.
    pub path: Vec<String>,
    query: HashMap<String, String>,
    /// The bearer token; Graph takes it as a parameter too.
    pub token: Option<String>,
    /// Scheme and host by which the caller reached us.
    pub origin: String,
    pub headers: HeaderMap,
}

impl Call {
    pub fn of(parts: &Parts) -> Self {
        let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri)
            .map(|Query(query)| query)
            .unwrap_or_default();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let token = text(header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer ").or(value.strip_prefix("OAuth ")))
            .map(str::to_owned)
            .or_else(|| query.get("access_token").cloned());
        let mut path: Vec<String> = parts.uri.path().split('/').skip(1).map(str::to_owned).collect();
        if path.last().is_some_and(String::is_empty) {
            path.pop();
        }
        if path.first().is_some_and(|first| is_version(first)) {
            path.remove(0);
        }
        Self {
            method: parts.method.clone(),
            path,
            token,
            query,
            origin: format!("http://{}", text(header::HOST).unwrap_or("localhost")),
            headers: parts.headers.clone(),
        }
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The call again, with other values of those parameters; the token is left out.
    pub fn address_with(&self, parameters: &[(&str, &str)]) -> String {
        let is_new = |name: &str| parameters.iter().any(|(new, _)| *new == name);
        let mut query: Vec<(&str, &str)> = self
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| *name != "access_token" && !is_new(name))
            .collect();
        query.sort_unstable();
        query.extend(parameters);
        let base = format!("{}/{}", self.origin, self.path.join("/"));
        Url::parse_with_params(&base, query).map_or(base, String::from)
    }

    /// Refuses parameters that became errors in all versions on 27 October 2026. `pretty`, `debug` and `If-None-Match` are
    /// not looked at.
    pub fn check_parameters(&self) -> Result<(), Refusal> {
        if self.query("date_format").is_some() {
            return Err(Refusal::new(100, "The parameter date_format is no longer supported."));
        }
        if self.path.is_empty() && self.query("ids").is_some() {
            return Err(Refusal::new(
                100,
                "Several objects are no longer read by the parameter ids.",
            ));
        }
        Ok(())
    }

    /// The id the call is addressed to.
    pub fn object(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }

    /// The names in `fields=`, without what stands in parentheses or braces; None if all the usual ones are meant.
    pub fn fields(&self) -> Option<Vec<&str>> {
        let fields = self.query("fields")?;
        let name = |field: &'_ str| field.find(['(', '{', '.']).unwrap_or(field.len());
        let fields = fields.split(',').map(str::trim).map(|field| &field[..name(field)]);
        Some(fields.filter(|field| !field.is_empty()).collect())
    }
}

/// `v25.0` and the like, any of them.
fn is_version(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    segment
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}

/// A JSON object from a body; an empty body is an empty object.
pub(crate) fn object(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) | Err(_) => Err(Refusal::new(100, "The body is not a JSON object.")),
    }
}

/// Only the members of an object that were asked for, and `id`; all of them if nothing was named.
pub(crate) fn select(object: Value, fields: Option<&[&str]>) -> Value {
    match (object, fields) {
        (Value::Object(map), Some(fields)) => Value::Object(
            map.into_iter()
                .filter(|(key, _)| key == "id" || fields.contains(&key.as_str()))
                .collect(),
        ),
        (object, _) => object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_version_is_taken_off_the_path_and_none_is_fine_too() {
        for (path, object) in [
            ("/v25.0/106/messages", "106"),
            ("/v99.7/106/", "106"),
            ("/106/messages", "106"),
            ("/version/106", "version"),
        ] {
            let (parts, ()) = axum::http::Request::builder().uri(path).body(()).unwrap().into_parts();
            assert_eq!(Call::of(&parts).object(), object, "{path}");
        }
    }

    #[test]
    fn fields_are_named_with_or_without_parameters() {
        let uri = "/v25.0/1?fields=id,%20throughput,health_status%7Ba%7D,analytics.start(1)";
        let (parts, ()) = axum::http::Request::builder().uri(uri).body(()).unwrap().into_parts();
        let call = Call::of(&parts);
        assert_eq!(
            call.fields().unwrap(),
            ["id", "throughput", "health_status", "analytics"]
        );
    }
}
