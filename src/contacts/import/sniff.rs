//! Finds out how an uploaded file is written, from its first bytes.

use super::{
    encoding::TextEncoding,
    rows::{CsvFormat, RawRow, RowReader},
};

/// How much of a file is looked at. The header has to end within it.
pub(crate) const HEAD_BYTES: usize = 65_536;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Rows by which a delimiter is recognized.
const ROWS_LOOKED_AT: usize = 20;
/// Most columns of a file.
pub(crate) const MAX_COLUMNS: usize = 500;

/// What the caller says of a file; what is `None` is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredFormat {
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    pub header: Option<bool>,
}

/// How a file is written and what its columns are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SniffedFile {
    pub format: CsvFormat,
    /// The names of the columns: those in the header, or `1`, `2` … without one.
    pub columns: Vec<String>,
    pub has_header: bool,
    /// Where the first row of data begins, in bytes.
    pub data_at: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    #[error("the file is empty")]
    Empty,
    #[error("the encoding {0} is not known; use utf-8, utf-16, windows-1252 or another of WHATWG's names")]
    UnknownEncoding(String),
    #[error("the delimiter has to be a comma, a semicolon, a tab or a vertical bar")]
    UnknownDelimiter,
    #[error("a vertical bar cannot part the columns of a file in {0}; save it with commas, or in UTF-8")]
    HiddenPipes(&'static str),
    #[error("this is a spreadsheet or an archive, not CSV; save it as CSV in UTF-8")]
    Archive,
    #[error("the file is not text in {0}; save it as UTF-8, or say its encoding")]
    NotText(&'static str),
    #[error("the first row is longer than {HEAD_BYTES} bytes")]
    HeaderTooLong,
    #[error("the file has more than {MAX_COLUMNS} columns")]
    TooManyColumns,
}

/// Sniffs a file by its first [`HEAD_BYTES`] bytes, or all of it if it `is_whole`.
pub(crate) fn sniff(head: &[u8], is_whole: bool, declared: &DeclaredFormat) -> Result<SniffedFile, FormatError> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\x1f\x8b") || head.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(FormatError::Archive);
    }
    let (encoding, mark) = encoding_of(head, declared)?;
    if is_whole && head[mark..].iter().all(u8::is_ascii_whitespace) {
        return Err(FormatError::Empty);
    }
    let delimiters = match declared.delimiter {
        Some(delimiter) => vec![known_delimiter(delimiter)?],
        None => DELIMITERS.to_vec(),
    };
    let usable: Vec<u8> = delimiters
        .into_iter()
        .filter(|it| *it != b'|' || !encoding.hides_pipes())
        .collect();
    let mut best: Option<(usize, usize, CsvFormat, Vec<RawRow>)> = None;
    for delimiter in usable {
        let format = CsvFormat { encoding, delimiter };
        let rows = first_rows(format, head, mark, is_whole);
        let width = rows.first().map_or(0, RawRow::len);
        let alike = rows.iter().filter(|row| row.len() == width).count();
        let score = if width > 1 {
            alike * 10_000 / rows.len() + width
        } else {
            0
        };
        if best.as_ref().is_none_or(|(most, ..)| score > *most) {
            best = Some((score, width, format, rows));
        }
    }
    let Some((_, width, format, rows)) = best else {
        return Err(FormatError::HiddenPipes(encoding.name()));
    };
    let Some(first) = rows.into_iter().next() else {
        return Err(FormatError::HeaderTooLong);
    };
    if width > MAX_COLUMNS {
        return Err(FormatError::TooManyColumns);
    }
    let cells: Option<Vec<String>> = first.cells().map(|cell| encoding.decode(cell)).collect();
    let cells = cells.filter(|cells| !cells.iter().any(|cell| cell.contains('\0')));
    let cells = cells.ok_or(FormatError::NotText(encoding.name()))?;
    let has_header = declared
        .header
        .unwrap_or_else(|| !cells.iter().any(|cell| is_number(cell)));
    let numbers = || (1..=cells.len()).map(|n| n.to_string()).collect();
    Ok(SniffedFile {
        format,
        has_header,
        data_at: if has_header { first.ends_at } else { mark as u64 },
        columns: if has_header {
            cells.iter().map(|cell| cell.trim().to_owned()).collect()
        } else {
            numbers()
        },
    })
}

fn encoding_of(head: &[u8], declared: &DeclaredFormat) -> Result<(TextEncoding, usize), FormatError> {
    if let Some(marked) = TextEncoding::by_mark(head) {
        return Ok(marked);
    }
    let unknown = |name: &String| FormatError::UnknownEncoding(name.chars().take(40).collect());
    let named = declared.encoding.as_ref();
    let named = named.map(|name| TextEncoding::by_name(name).ok_or_else(|| unknown(name)));
    let encoding = named.transpose()?.unwrap_or(TextEncoding::UTF_8);
    if encoding == TextEncoding::UTF_8
        && let Err(error) = std::str::from_utf8(head)
        && error.error_len().is_some()
    {
        return Err(FormatError::NotText(encoding.name()));
    }
    Ok((encoding, 0))
}

fn known_delimiter(delimiter: char) -> Result<u8, FormatError> {
    let found = DELIMITERS.into_iter().find(|it| char::from(*it) == delimiter);
    found.ok_or(FormatError::UnknownDelimiter)
}

/// Reads the first rows. A head that is cut off ends within a row, which is left out.
fn first_rows(format: CsvFormat, head: &[u8], mark: usize, is_whole: bool) -> Vec<RawRow> {
    let mut reader = RowReader::new(format, mark as u64);
    reader.push(&head[mark..]);
    if is_whole {
        reader.end();
    }
    let mut rows = Vec::new();
    while rows.len() < ROWS_LOOKED_AT
        && let Ok(Some(row)) = reader.next_row()
    {
        rows.push(row);
    }
    rows
}

/// Returns whether a cell looks like a phone number, which no header has.
fn is_number(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.chars().filter(char::is_ascii_digit).count();
    digits >= 7 && cell.chars().all(|c| c.is_ascii_digit() || "+-() '.".contains(c))
}
