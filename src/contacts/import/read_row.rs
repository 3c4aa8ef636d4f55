//! Turns the cells of a row into what an import does to one contact.

use super::{
    cell::{clean_cell, split_names},
    columns::{ColumnTarget, ImportColumn},
    encoding::TextEncoding,
    row_error::{RowError, RowErrorCode},
    rows::RawRow,
};

/// Longest value in characters.
const MAX_CHARS: usize = 1_000;
/// Longest name of a contact, and longest identity, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Longest name of a tag or a list, in characters.
const MAX_TAG_CHARS: usize = 100;
/// Most tags, and most lists, that a row names.
const MAX_NAMES: usize = 100;

/// What a row says of a contact. What is `None`, or not there, is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportedRow {
    /// Its number in the file; the header is row 1.
    pub row: i64,
    /// Digits with the country code.
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub external_id: Option<String>,
    pub name: Option<String>,
    pub language: Option<String>,
    pub country: Option<String>,
    pub time_zone: Option<String>,
    pub tags: Vec<String>,
    pub lists: Vec<String>,
    /// Keys and canonical values of custom fields.
    pub fields: Vec<(String, String)>,
    /// Headings and values for the variables of a campaign.
    pub params: Vec<(String, String)>,
}

/// How cells are judged.
pub(crate) struct RowRules<'a> {
    pub encoding: TextEncoding,
    pub columns: &'a [ImportColumn],
    /// The number of columns of the file.
    pub width: usize,
    /// Returns the digits of a phone number.
    pub phone: &'a (dyn Fn(&str) -> Result<String, RowErrorCode> + Sync),
    /// Returns the canonical form of a value of a custom field.
    pub field: &'a (dyn Fn(&str, &str) -> Result<String, RowErrorCode> + Sync),
    /// Returns the canonical form of a language, a country or a time zone.
    pub locale: &'a (dyn Fn(&ColumnTarget, &str) -> Result<String, RowErrorCode> + Sync),
    /// Whether a cell that is not valid is left out, unless it is an identity; else its row fails.
    pub drops_bad_cells: bool,
}

/// A row that was read, and the errors of its cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct JudgedRow {
    /// `None` if the row fails.
    pub row: Option<ImportedRow>,
    pub errors: Vec<RowError>,
}

/// Reads and judges a row. Blank cells are no values.
pub(crate) fn read_row(raw: &RawRow, number: i64, rules: &RowRules<'_>) -> JudgedRow {
    let mut judged = JudgedRow::default();
    let mut row = ImportedRow {
        row: number,
        ..ImportedRow::default()
    };
    let mut is_good = true;
    let extra = (rules.width..raw.len()).filter_map(|at| raw.cell(at));
    if let Some(cell) = extra.into_iter().find(|cell| !cell.iter().all(u8::is_ascii_whitespace)) {
        let shown = String::from_utf8_lossy(cell);
        let error = RowError::new(number, RowErrorCode::TooManyCells, "", &shown);
        judged.errors.push(error);
        is_good = false;
    }
    for column in rules.columns {
        let Some(cell) = raw.cell(column.at).filter(|cell| !cell.is_empty()) else {
            continue;
        };
        let text = rules.encoding.decode(cell);
        let Some(text) = text.as_deref().and_then(clean_cell) else {
            let shown = String::from_utf8_lossy(cell);
            judged
                .errors
                .push(RowError::new(number, RowErrorCode::NotText, &column.name, &shown));
            is_good &= rules.drops_bad_cells && !column.target.is_identity();
            continue;
        };
        if text.is_empty() {
            continue;
        }
        if let Err(code) = set(&mut row, column, &text, rules) {
            judged.errors.push(RowError::new(number, code, &column.name, &text));
            is_good &= rules.drops_bad_cells && !column.target.is_identity();
        }
    }
    if is_good && row.phone.is_none() && row.user_id.is_none() && row.external_id.is_none() {
        judged
            .errors
            .push(RowError::new(number, RowErrorCode::NoIdentity, "", ""));
        is_good = false;
    }
    judged.row = is_good.then_some(row);
    judged
}

fn set(row: &mut ImportedRow, column: &ImportColumn, text: &str, rules: &RowRules<'_>) -> Result<(), RowErrorCode> {
    let locale = |text| (rules.locale)(&column.target, text);
    match &column.target {
        ColumnTarget::Phone => row.phone = Some((rules.phone)(text)?),
        ColumnTarget::UserId => row.user_id = Some(one_line(text)?),
        ColumnTarget::ExternalId => row.external_id = Some(one_line(text)?),
        ColumnTarget::Name => row.name = Some(one_line(text)?),
        ColumnTarget::Language => row.language = Some(locale(text)?),
        ColumnTarget::Country => row.country = Some(locale(text)?),
        ColumnTarget::TimeZone => row.time_zone = Some(locale(text)?),
        ColumnTarget::Tags => add_names(&mut row.tags, text)?,
        ColumnTarget::Lists => add_names(&mut row.lists, text)?,
        ColumnTarget::Field(key) => {
            let value = (rules.field)(key, &at_most(text, MAX_CHARS)?)?;
            row.fields.push((key.clone(), value));
        }
        ColumnTarget::Row(heading) => row.params.push((heading.clone(), at_most(text, MAX_CHARS)?)),
    }
    Ok(())
}

/// Returns a name or an identity, with blanks for line feeds and tabs.
fn one_line(text: &str) -> Result<String, RowErrorCode> {
    Ok(at_most(text, MAX_NAME_CHARS)?.replace(['\n', '\t'], " "))
}

fn at_most(text: &str, max: usize) -> Result<String, RowErrorCode> {
    match text.chars().nth(max) {
        Some(_) => Err(RowErrorCode::TooLong),
        None => Ok(text.to_owned()),
    }
}

fn add_names(names: &mut Vec<String>, text: &str) -> Result<(), RowErrorCode> {
    let named = split_names(text);
    for name in &named {
        at_most(name, MAX_TAG_CHARS)?;
    }
    if named.iter().any(|name| name.contains(['\n', '\t'])) {
        return Err(RowErrorCode::InvalidValue);
    }
    if names.len() + named.len() > MAX_NAMES {
        return Err(RowErrorCode::TooLong);
    }
    names.extend(named);
    Ok(())
}
