//! Why a text is not a phone number.

/// A text that is not read as a phone number. It holds no digit of it, so that it may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PhoneError {
    /// `9.19E+11`: a spreadsheet has rounded it, and the digits are lost.
    #[error("is in scientific notation (9.19E+11), so its last digits are lost; format the column as text")]
    Scientific,
    /// Neither a country code nor a default country.
    #[error("is not an international number; write it with + and its country code, or name the country")]
    AmbiguousCountry,
    #[error("holds what no phone number has")]
    Characters,
    #[error("has too few digits")]
    TooShort,
    #[error("has too many digits")]
    TooLong,
    /// No numbering plan has it.
    #[error("is no number of its country")]
    Unassigned,
}
