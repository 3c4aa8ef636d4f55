//! Selects contacts by a filter, as many windows as a request may take.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::language::{Filter, FilterCatalogue, parse, quoted};
use crate::{
    contacts::{ContactError, ContactResult, store::segments::Scan},
    db::{Db, Result, Tx},
    domain::{ContactId, Id, SegmentId, TenantId},
};

/// Windows that a request scans.
const WINDOWS: usize = 5;

/// What contacts are to fulfil: all that is given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Criteria {
    /// The name of a tag.
    pub tag: Option<String>,
    /// The name of a list.
    pub list: Option<String>,
    /// The id or the name of a segment.
    pub segment: Option<String>,
    pub filter: Option<String>,
}

impl Criteria {
    pub(crate) fn is_empty(&self) -> bool {
        [&self.tag, &self.list, &self.segment, &self.filter]
            .iter()
            .all(|it| it.is_none())
    }

    /// Returns the filter of them all. An error names the one that is none.
    pub(crate) fn filter(&self, catalogue: &FilterCatalogue) -> ContactResult<Filter> {
        let named = |word: &str, name: &String| format!("{word} = {}", quoted(name));
        let segment = self.segment.as_ref().map(|given| segment_name(given, catalogue));
        let texts = [
            ("tag", self.tag.as_ref().map(|name| named("tag", name))),
            ("list", self.list.as_ref().map(|name| named("list", name))),
            ("segment", segment.as_ref().map(|name| named("segment", name))),
            ("filter", self.filter.clone()),
        ];
        let mut terms = Vec::new();
        for (name, text) in texts {
            if let Some(text) = text {
                terms.push(parse(&text, catalogue, None).map_err(|error| ContactError::Filter(name, error))?);
            }
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            Filter::And(terms)
        })
    }
}

/// Returns the name of a segment that is given by its name or id.
fn segment_name(given: &str, catalogue: &FilterCatalogue) -> String {
    let id = given.parse::<SegmentId>().map_or(Uuid::nil(), SegmentId::uuid);
    let found = catalogue.segments().find(|it| it.id == id);
    found.map_or(given, |it| &it.name).to_owned()
}

/// Contacts that a filter selects.
pub(crate) struct SelectedContacts {
    /// Newest first, more than were asked for perhaps.
    pub ids: Vec<ContactId>,
    /// The contact before which nothing was scanned; `None` at the end.
    pub rest: Option<ContactId>,
}

/// Returns contacts before one, the newest first, until there are as many or enough windows were scanned.
pub(crate) async fn select(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &Filter,
    before: Option<ContactId>,
    wanted: usize,
    now: DateTime<Utc>,
) -> Result<SelectedContacts> {
    let mut scan = Scan::begin(tx, tenant, filter, before, now).await?;
    let mut ids = Vec::new();
    for _ in 0..WINDOWS {
        ids.extend(scan.ids(tx).await?);
        if ids.len() >= wanted || scan.rest().is_none() {
            break;
        }
    }
    let rest = scan.rest();
    Ok(SelectedContacts { ids, rest })
}

/// A number of contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentCount {
    pub count: i64,
    /// The contact before which nothing was counted; `None` at the end.
    pub rest: Option<ContactId>,
}

/// Counts the contacts before one that a filter selects, as far as enough windows go.
pub(crate) async fn count(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &Filter,
    before: Option<ContactId>,
    now: DateTime<Utc>,
) -> Result<SegmentCount> {
    let mut scan = Scan::begin(tx, tenant, filter, before, now).await?;
    let mut count = 0;
    for _ in 0..WINDOWS {
        count += scan.count(tx).await?;
    }
    let rest = scan.rest();
    Ok(SegmentCount { count, rest })
}

/// Counts all contacts that a filter selects, a few windows in each transaction.
pub(crate) async fn count_all(db: &Db, tenant: TenantId, filter: &Filter, now: DateTime<Utc>) -> Result<i64> {
    let (mut count, mut before) = (0, None);
    loop {
        let mut tx = db.begin_read_as(tenant).await?;
        let counted = self::count(&mut tx, tenant, filter, before, now).await?;
        tx.commit().await?;
        count += counted.count;
        before = counted.rest;
        if before.is_none() {
            return Ok(count);
        }
    }
}
