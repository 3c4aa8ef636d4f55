//! Lists in pages, by cursors.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::request::Call;

/// How many stand on a page unless `limit` says otherwise.
const USUAL: usize = 25;

#[derive(Debug)]
pub(crate) struct Page {
    start: usize,
    limit: usize,
}

impl Page {
    /// `limit` and `after`. A cursor that was never given out is answered 131059, as since v24.
    pub fn asked(call: &Call) -> Result<Self, Refusal> {
        let limit = match call.query("limit") {
            None => USUAL,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or_else(|| Refusal::new(100, "limit must be a number above 0."))?,
        };
        let start = match call.query("after").filter(|after| !after.is_empty()) {
            None => 0,
            Some(after) => after
                .strip_prefix(CURSOR)
                .and_then(|place| place.parse().ok())
                .ok_or_else(|| Refusal::of(131059))?,
        };
        Ok(Self { start, limit })
    }

    /// The elements of the page, and `paging`.
    pub fn cut<'a, T>(&self, all: &'a [T], call: &Call) -> Result<(&'a [T], Value), Refusal> {
        let rest = all.get(self.start..).ok_or_else(|| Refusal::of(131059))?;
        let shown = &rest[..rest.len().min(self.limit)];
        let end = self.start + shown.len();
        if shown.is_empty() {
            return Ok((shown, json!({"cursors": {}})));
        }
        let mut paging = json!({"cursors": {"before": cursor(self.start), "after": cursor(end)}});
        if end < all.len() {
            paging["next"] = json!(call.address_with(&[("limit", &self.limit.to_string()), ("after", &cursor(end))]));
        }
        Ok((shown, paging))
    }
}

/// How every cursor begins; callers should not look.
const CURSOR: &str = "QVFIUx";

fn cursor(place: usize) -> String {
    format!("{CURSOR}{place:06}")
}
