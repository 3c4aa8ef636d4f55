//! What people and spreadsheets write for a phone number.

use crate::PhoneError;

/// The most digits a text may have: 15 of the number (ITU-T E.164), and what is dialled before it.
const MOST_DIGITS: usize = 24;

/// The zeros of the decimal digits that people write numbers with: each is followed by its nine.
const ZEROS: &[char] = &[
    '0', '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '០', '０',
];

/// Characters between the digits, besides blanks. A comma or semicolon would part two numbers.
const SEPARATORS: &str = "-.()/[]·‐‑‒–—―−－．／（）";

/// A phone number as written: its digits, and what tells where they begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub digits: String,
    pub has_plus: bool,
    /// Where `(0)` stands among the digits: a zero that is dialled within the country only.
    pub optional_zero: Option<usize>,
}

impl Written {
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let text = text.trim_matches(is_blank);
        let text = text.strip_prefix('\'').unwrap_or(text).trim_matches(is_blank);
        if is_scientific(text) {
            return Err(PhoneError::Scientific);
        }
        let text = without_decimals(text);
        let (mut digits, mut has_plus) = (String::new(), false);
        let mut optional_zero = None;
        let mut last_three = ['\0'; 3];
        for c in text.chars().filter(|c| !is_blank(*c)) {
            last_three = [last_three[1], last_three[2], c];
            if let Some(digit) = digit(c) {
                if digits.len() == MOST_DIGITS {
                    return Err(PhoneError::TooLong);
                }
                digits.push(digit);
            } else if matches!(c, '+' | '＋') && digits.is_empty() && !has_plus {
                has_plus = true;
            } else if !SEPARATORS.contains(c) {
                return Err(PhoneError::Characters);
            }
            let in_parentheses = matches!(last_three[0], '(' | '（') && matches!(last_three[2], ')' | '）');
            if in_parentheses && digit(last_three[1]) == Some('0') && optional_zero.is_none() {
                optional_zero = Some(digits.len() - 1);
            }
        }
        if digits.is_empty() {
            return Err(PhoneError::TooShort);
        }
        Ok(Self {
            digits,
            has_plus,
            optional_zero,
        })
    }

    /// The readings of the digits: without the optional zero first, then with it, as Italy keeps it.
    pub fn readings(&self) -> impl Iterator<Item = String> + '_ {
        let without = self
            .optional_zero
            .map(|at| format!("{}{}", &self.digits[..at], &self.digits[at + 1..]));
        without.into_iter().chain([self.digits.clone()])
    }
}

/// The ASCII digit of a decimal digit of any writing.
fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    let value = ZEROS
        .iter()
        .find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|it| *it < 10))?;
    char::from_digit(value, 10)
}

/// White space of any kind, and characters that are not seen: direction marks, joiners, the byte order mark.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// `9.19E+11`, `9,19E+11`, `9E11`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let whole = whole.strip_prefix(['+', '-']).unwrap_or(whole);
    is_number(whole) && is_number(decimals) && is_number(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}

/// Removes the decimals of a number that a program took for an amount: `919876543210.0`.
fn without_decimals(text: &str) -> &str {
    let whole = text.strip_suffix(".0").or_else(|| text.strip_suffix(".00"));
    whole
        .filter(|it| it.trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit()))
        .unwrap_or(text)
}
