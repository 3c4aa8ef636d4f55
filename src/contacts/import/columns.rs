//! What the columns of an import are about.

use std::collections::BTreeMap;

/// What a column gives to a contact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnTarget {
    Phone,
    UserId,
    ExternalId,
    Name,
    Language,
    Country,
    TimeZone,
    Tags,
    Lists,
    /// The custom field of this key.
    Field(String),
    /// Nothing: the cells are for the variables of the campaign, under this heading.
    Row(String),
}

/// The prefix of a custom field's name, in a mapping and in a header.
pub(crate) const FIELD_PREFIX: &str = "fields.";
/// The prefix of a heading, in the variables of a campaign.
const ROW_PREFIX: &str = "row.";
/// Most columns that are kept for the variables of a campaign.
const MAX_KEPT: usize = 20;
/// Longest heading of such a column, in characters.
const MAX_HEADING: usize = 100;
/// In a mapping: leaves a column out that would map itself.
const IGNORE: &str = "ignore";

impl ColumnTarget {
    const NAMED: [(&str, Self); 11] = [
        ("phone", Self::Phone),
        ("user_id", Self::UserId),
        ("external_id", Self::ExternalId),
        ("name", Self::Name),
        ("language", Self::Language),
        ("country", Self::Country),
        ("time_zone", Self::TimeZone),
        ("tags", Self::Tags),
        ("tag", Self::Tags),
        ("lists", Self::Lists),
        ("list", Self::Lists),
    ];

    /// Parses a name in any case, with blanks or hyphens for `_`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase().replace([' ', '-'], "_");
        if let Some(key) = name.strip_prefix(FIELD_PREFIX) {
            return (!key.is_empty()).then(|| Self::Field(key.to_owned()));
        }
        let mut named = Self::NAMED.into_iter();
        named.find(|(of, _)| *of == name).map(|(_, target)| target)
    }

    pub fn is_identity(&self) -> bool {
        matches!(self, Self::Phone | Self::UserId | Self::ExternalId)
    }

    /// Returns whether several columns may give it.
    fn is_list(&self) -> bool {
        matches!(self, Self::Tags | Self::Lists)
    }
}

/// Returns the name of a target, as a mapping and a header have it.
pub(crate) fn target_name(target: &ColumnTarget) -> String {
    match target {
        ColumnTarget::Field(key) => return format!("{FIELD_PREFIX}{key}"),
        ColumnTarget::Row(heading) => return format!("{ROW_PREFIX}{heading}"),
        _ => {}
    }
    let named = ColumnTarget::NAMED.into_iter().find(|(_, of)| of == target);
    named.map(|(name, _)| name.to_owned()).unwrap_or_default()
}

/// A column that is imported.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct ImportColumn {
    /// Its position in a row, from 0.
    pub at: usize,
    pub name: String,
    pub target: ColumnTarget,
}

/// The columns of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MappedColumns {
    pub used: Vec<ImportColumn>,
    pub ignored: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MappingError {
    #[error("the file has no column {0}")]
    NoSuchColumn(String),
    #[error(
        "the column {column} cannot be mapped to {target}: use phone, user_id, external_id, name, language, country, time_zone, tags, lists, \
         fields.KEY or ignore"
    )]
    UnknownTarget { column: String, target: String },
    #[error("there is no custom field {0}")]
    UnknownField(String),
    #[error("the columns {first} and {second} give the same")]
    Twice { first: String, second: String },
    #[error(
        "{0} columns give nothing to the contact: at most {MAX_KEPT} are kept for the variables; map the others to ignore"
    )]
    TooManyKept(usize),
    #[error("the heading {0}… is longer than {MAX_HEADING} characters: shorten it, or map the column to ignore")]
    LongHeading(String),
    #[error("no column gives phone, user_id or external_id, by which a contact is known")]
    NoIdentity,
}

/// Maps columns as `mapping` (column → target) says. The others map themselves if they are called like a target; what remains is ignored.
pub(crate) fn map_columns(
    columns: &[String],
    mapping: &BTreeMap<String, String>,
    has_field: impl Fn(&str) -> bool,
) -> Result<MappedColumns, MappingError> {
    let mut given: BTreeMap<usize, &str> = BTreeMap::new();
    for (column, target) in mapping {
        let same = |it: &&String| it.trim() == column.trim();
        let alike = |it: &String| it.trim().to_lowercase() == column.trim().to_lowercase();
        let exact = columns.iter().position(|it| same(&it));
        let at = exact.or_else(|| columns.iter().position(alike));
        let at = at.ok_or_else(|| MappingError::NoSuchColumn(column.clone()))?;
        given.insert(at, target);
    }
    let mut mapped = MappedColumns::default();
    for (at, name) in columns.iter().enumerate() {
        let target = match given.get(&at) {
            Some(target) if target.trim().eq_ignore_ascii_case(IGNORE) => None,
            Some(target) => Some(given_target(name, target, &has_field)?),
            None => ColumnTarget::parse(name).filter(|it| !matches!(it, ColumnTarget::Field(key) if !has_field(key))),
        };
        let Some(target) = target else {
            mapped.ignored.push(name.clone());
            continue;
        };
        if let Some(first) = mapped.used.iter().find(|it| it.target == target && !target.is_list()) {
            return Err(MappingError::Twice {
                first: first.name.clone(),
                second: name.clone(),
            });
        }
        let name = name.clone();
        mapped.used.push(ImportColumn { at, name, target });
    }
    match mapped.used.iter().any(|it| it.target.is_identity()) {
        true => Ok(mapped),
        false => Err(MappingError::NoIdentity),
    }
}

fn given_target(column: &str, target: &str, has_field: &impl Fn(&str) -> bool) -> Result<ColumnTarget, MappingError> {
    match ColumnTarget::parse(target) {
        Some(ColumnTarget::Field(key)) if !has_field(&key) => Err(MappingError::UnknownField(key)),
        Some(target) => Ok(target),
        None => Err(MappingError::UnknownTarget {
            column: column.to_owned(),
            target: target.chars().take(100).collect(),
        }),
    }
}

/// Has columns that give nothing to the contact kept for the variables of a campaign, but for those that `mapping` leaves out.
pub(crate) fn keep_columns(
    mapped: &mut MappedColumns,
    columns: &[String],
    mapping: &BTreeMap<String, String>,
) -> Result<(), MappingError> {
    let is_left_out = |name: &String| {
        let same = |(column, _): &(&String, &String)| column.trim().to_lowercase() == name.trim().to_lowercase();
        name.trim().is_empty() || mapping.iter().any(|it| same(&it))
    };
    let is_kept = |name: &String| mapped.ignored.contains(name) && !is_left_out(name);
    let kept: Vec<(usize, &String)> = columns.iter().enumerate().filter(|(_, name)| is_kept(name)).collect();
    if kept.len() > MAX_KEPT {
        return Err(MappingError::TooManyKept(kept.len()));
    }
    let mut kept_columns: Vec<ImportColumn> = Vec::with_capacity(kept.len());
    for (at, name) in kept {
        if name.chars().count() > MAX_HEADING {
            return Err(MappingError::LongHeading(name.chars().take(40).collect()));
        }
        let target = ColumnTarget::Row(name.clone());
        if kept_columns.iter().any(|it| it.target == target) {
            return Err(MappingError::Twice {
                first: name.clone(),
                second: name.clone(),
            });
        }
        let name = name.clone();
        kept_columns.push(ImportColumn { at, name, target });
    }
    mapped
        .ignored
        .retain(|name| !kept_columns.iter().any(|it| it.name == *name));
    mapped.used.extend(kept_columns);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_nothing_to_the_contact_is_kept_for_variables_but_for_what_is_left_out() {
        let columns = ["phone", "Code", "secret", ""].map(str::to_owned);
        let mapping = BTreeMap::from([("Secret".to_owned(), "ignore".to_owned())]);
        let mut found = map_columns(&columns, &mapping, |_| false).expect("they are mapped");
        keep_columns(&mut found, &columns, &mapping).expect("there are few");
        assert_eq!(found.used[1].target, ColumnTarget::Row("Code".to_owned()));
        assert_eq!(
            (found.used.len(), &found.ignored[..]),
            (2, &["secret".to_owned(), String::new()][..])
        );
        let columns = ["phone", "Code", "Code"].map(str::to_owned);
        let mut twice = map_columns(&columns, &BTreeMap::new(), |_| false).expect("they are mapped");
        assert!(matches!(
            keep_columns(&mut twice, &columns, &BTreeMap::new()),
            Err(MappingError::Twice { .. })
        ));
    }
}
