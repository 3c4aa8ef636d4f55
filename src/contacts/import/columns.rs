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
}

/// The prefix of a custom field's name, in a mapping and in a header.
pub(crate) const FIELD_PREFIX: &str = "fields.";
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
    if let ColumnTarget::Field(key) = target {
        return format!("{FIELD_PREFIX}{key}");
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
