//! What an import is to do, as its task keeps it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    columns::{ColumnTarget, ImportColumn},
    encoding::TextEncoding,
    rows::CsvFormat,
    sniff::{DeclaredFormat, SniffedFile},
};
use crate::domain::{CampaignId, ConsentPurpose, ConsentStatus};

/// What to do with a contact that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnExisting {
    /// Values of the row replace those of the contact.
    #[default]
    Update,
    /// The contact stays as it is.
    Skip,
    /// The contact takes what it does not have.
    FillEmpty,
}

/// What to do with a cell that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnBadField {
    /// Its row fails.
    #[default]
    Fail,
    /// The cell is left out. A phone number or another identity still fails its row.
    Drop,
}

/// What to do with a row whose identities belong to two contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnConflict {
    #[default]
    Fail,
    /// The contacts become one: the older stays.
    Merge,
}

/// The consent that everybody in the file has declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclaredConsent {
    pub purpose: ConsentPurpose,
    pub status: ConsentStatus,
    /// When it was said; a time in the future becomes now.
    pub occurred_at: DateTime<Utc>,
    /// How it can be proved: any JSON. Required to grant.
    #[schema(value_type = Option<Object>)]
    pub evidence: Option<Value>,
}

/// What the caller asks of an import.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ImportOptions {
    pub filename: Option<String>,
    pub declared: DeclaredFormat,
    /// Column → target.
    pub mapping: BTreeMap<String, String>,
    /// The country of numbers without `+`, two letters.
    pub default_country: Option<String>,
    /// The campaign that the rows are for.
    pub campaign: Option<CampaignId>,
    pub policies: ImportPolicies,
}

/// What becomes of rows and contacts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ImportPolicies {
    pub on_existing: OnExisting,
    pub on_bad_field: OnBadField,
    pub on_conflict: OnConflict,
    /// Names of tags and lists that every contact of the file gets.
    pub tags: Vec<String>,
    pub lists: Vec<String>,
    pub consent: Option<DeclaredConsent>,
    /// Whether contacts cause events.
    pub events: bool,
    /// Whether nothing is written.
    pub dry_run: bool,
}

/// What an import is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ImportSpec {
    pub filename: Option<String>,
    /// The length of the file.
    pub bytes: u64,
    /// The rows in it, without the header.
    pub rows: u64,
    pub encoding: String,
    pub delimiter: char,
    pub has_header: bool,
    /// Where the first row of data begins.
    pub data_at: u64,
    /// The number of columns of the file.
    pub width: usize,
    pub columns: Vec<ImportColumn>,
    pub ignored: Vec<String>,
    pub default_country: Option<String>,
    /// The campaign that the rows are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    pub policies: ImportPolicies,
}

impl ImportSpec {
    /// Creates the spec of a file that is not read whole yet.
    pub fn new(options: ImportOptions, file: &SniffedFile, columns: Vec<ImportColumn>, ignored: Vec<String>) -> Self {
        Self {
            filename: options.filename,
            bytes: 0,
            rows: 0,
            encoding: file.format.encoding.name().to_owned(),
            delimiter: char::from(file.format.delimiter),
            has_header: file.has_header,
            data_at: file.data_at,
            width: file.columns.len(),
            columns,
            ignored,
            default_country: options.default_country,
            campaign_id: options.campaign,
            policies: options.policies,
        }
    }

    /// Returns the headings of the columns that are kept for the variables of a campaign.
    pub fn kept_columns(&self) -> Vec<String> {
        let heading = |it: &ImportColumn| match &it.target {
            ColumnTarget::Row(heading) => Some(heading.clone()),
            _ => None,
        };
        self.columns.iter().filter_map(heading).collect()
    }

    pub fn format(&self) -> CsvFormat {
        CsvFormat {
            encoding: TextEncoding::by_name(&self.encoding).unwrap_or(TextEncoding::UTF_8),
            delimiter: u8::try_from(self.delimiter).unwrap_or(b','),
        }
    }

    /// Returns the number of the row that comes after this many rows of data: the header is row 1.
    pub fn row_number(&self, rows_before: i64) -> i64 {
        rows_before + 1 + i64::from(self.has_header)
    }
}
