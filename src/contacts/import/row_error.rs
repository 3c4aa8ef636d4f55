//! What was wrong with a row of an import.

/// Longest value, in characters, that is kept of a cell.
const MAX_VALUE_CHARS: usize = 100;

/// An error of a row, or of one cell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowError {
    /// The number of the row in the file; the header is row 1.
    pub row: i64,
    pub code: RowErrorCode,
    /// The column; empty if the error is the row's.
    pub column: String,
    /// The beginning of the cell, or what the words of the code are about.
    pub value: String,
}

impl RowError {
    pub fn new(row: i64, code: RowErrorCode, column: &str, value: &str) -> Self {
        let shown = |text: &str| text.chars().filter(|c| *c != '\0').take(MAX_VALUE_CHARS).collect();
        Self {
            row,
            code,
            column: shown(column),
            value: shown(value),
        }
    }
}

/// What is wrong. Names are forever: programs that read the errors of an import go by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum RowErrorCode {
    /// No valid phone number.
    PhoneInvalid,
    /// A number that a spreadsheet has rounded, such as `9.19E+11`.
    PhoneScientific,
    /// A number without `+` where no country is given.
    PhoneAmbiguousCountry,
    /// A value that is not of its field's type.
    FieldType,
    /// A value that is none of its field's choices.
    FieldChoice,
    /// No language, country or time zone.
    InvalidValue,
    /// A value that is too long, or a cell with too many names.
    TooLong,
    /// Bytes that are not text in the file's encoding, or a NUL.
    NotText,
    /// More cells than the file has columns: a value with a delimiter is not in quotes.
    TooManyCells,
    /// No phone number, user id or external id.
    NoIdentity,
    /// The identities of the row belong to two contacts.
    IdentityConflict,
    /// The same identity comes again later in the same part of the file; that row counts.
    DuplicateInFile,
    /// All cells are blank.
    Blank,
    /// The tenant has as many tags and lists, or the contact as many tags, as it may have.
    TooManyTags,
}

impl RowErrorCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PhoneInvalid => "phone_invalid",
            Self::PhoneScientific => "phone_scientific",
            Self::PhoneAmbiguousCountry => "phone_ambiguous_country",
            Self::FieldType => "field_type",
            Self::FieldChoice => "field_choice",
            Self::InvalidValue => "invalid_value",
            Self::TooLong => "too_long",
            Self::NotText => "not_text",
            Self::TooManyCells => "too_many_cells",
            Self::NoIdentity => "no_identity",
            Self::IdentityConflict => "identity_conflict",
            Self::DuplicateInFile => "duplicate_in_file",
            Self::Blank => "blank",
            Self::TooManyTags => "too_many_tags",
        }
    }
}
