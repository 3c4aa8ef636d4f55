//! Texts that people, the API and imports give: one form for all of them.

use unicode_normalization::UnicodeNormalization;

use super::{ContactError, ContactResult};

/// Maximum length of a value, in characters.
pub(crate) const VALUE_LENGTH: usize = 1_000;
/// Maximum length of a name, in characters.
const NAME_LENGTH: usize = 100;

/// Brings a text into the form that is stored: NFC, without control characters but line breaks and tabs, and without blanks around it.
pub(crate) fn clean(text: &str) -> String {
    let kept = text.nfc().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    let cleaned: String = kept.collect();
    let trimmed = cleaned.trim();
    if trimmed.len() == cleaned.len() {
        cleaned
    } else {
        trimmed.to_owned()
    }
}

/// Returns a name without differences of case, by which it is unique.
pub(crate) fn fold(name: &str) -> String {
    name.nfkc().collect::<String>().to_lowercase()
}

/// Checks the name of a tag, list or segment. Returns it in the form that is stored, and folded.
pub(crate) fn checked_name(name: &str) -> ContactResult<(String, String)> {
    let given = name.chars().count();
    let name = clean(name);
    match given {
        1..=NAME_LENGTH if !name.is_empty() && !name.contains(['\n', '\t']) => {
            let folded = fold(&name);
            Ok((name, folded))
        }
        _ => Err(ContactError::invalid(
            "name",
            format!("write 1 to {NAME_LENGTH} characters on one line"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_form() {
        for (text, form) in [
            ("  Ana\u{0} ", "Ana"),
            ("Jose\u{301}", "José"),
            ("a\r\nb\tc", "a\nb\tc"),
            ("\u{7}", ""),
            ("plain", "plain"),
        ] {
            assert_eq!(clean(text), form, "{text:?}");
        }
    }

    #[test]
    fn names_that_differ_by_case_or_width_are_one() {
        assert_eq!(fold("VIP"), fold("vip"));
        assert_eq!(fold("ＶＩＰ"), fold("vip"));
        assert_ne!(fold("vip"), fold("v i p"));
    }
}
