//! The form in which words are compared.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest text that is looked at, in characters. Longer ones are messages, not words.
pub(crate) const LONGEST_KEYWORD: usize = 40;

/// A text as it is compared: compatible forms made one (NFKC), in lower case, without punctuation, symbols, emoji and what is not seen, with
/// single blanks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Folded {
    /// What is dropped leaves nothing: `S.T.O.P`, `don't`.
    pub joined: String,
    /// What is dropped leaves a blank: `Stop,please`.
    pub parted: String,
}

/// Returns whether a text is short enough to be a keyword. It looks at no more of the text than that takes.
pub(crate) fn may_be_keyword(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_KEYWORD * 4 && text.chars().nth(LONGEST_KEYWORD).is_none()
}

/// Folds a text whole, whatever its length.
pub(super) fn fold(text: &str) -> Folded {
    let mut folded = Folded {
        joined: String::with_capacity(text.len()),
        parted: String::with_capacity(text.len()),
    };
    for c in text.nfkc().flat_map(char::to_lowercase) {
        match sort_of(c) {
            Sort::Letter => {
                let c = plain_letter(c);
                folded.joined.push(c);
                folded.parted.push(c);
            }
            Sort::Blank => {
                blank(&mut folded.joined);
                blank(&mut folded.parted);
            }
            Sort::Dropped => blank(&mut folded.parted),
            Sort::Unseen => {}
        }
    }
    for text in [&mut folded.joined, &mut folded.parted] {
        text.truncate(text.trim_end().len());
    }
    folded
}

/// Returns whether a text has letters or digits, which distinguish it from others.
pub(super) fn is_word(text: &str) -> bool {
    !fold(text).joined.is_empty()
}

/// Removes the accents of Latin letters, which many leave out: `más`, `não`.
pub(super) fn without_accents(folded: &str) -> String {
    folded
        .nfd()
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .nfc()
        .collect()
}

fn blank(text: &mut String) {
    if !text.is_empty() && !text.ends_with(' ') {
        text.push(' ');
    }
}

enum Sort {
    Letter,
    Blank,
    Dropped,
    Unseen,
}

fn sort_of(c: char) -> Sort {
    match c {
        // Vowel signs and the stretched line of Arabic, the dot below of Devanagari: writers leave them out.
        '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}' | '\u{93c}' => Sort::Unseen,
        // Joiners, direction marks, and what makes emoji of characters.
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => Sort::Unseen,
        '\u{fe00}'..='\u{fe0f}' | '\u{20e3}' | '\u{e0000}'..='\u{e01ef}' => Sort::Unseen,
        _ if c.is_whitespace() => Sort::Blank,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Sort::Letter,
        _ => Sort::Dropped,
    }
}

/// Makes one of Arabic letters that writers take for one another.
fn plain_letter(c: char) -> char {
    match c {
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' => 'ي',
        'ة' => 'ه',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_one() {
        for text in [
            "STOP",
            " stop ",
            "Stop!",
            "«Stop».",
            "ＳＴＯＰ",
            "S.T.O.P",
            "st\u{200b}op",
            "stop 🙏🏽",
            "🛑 Stop ✋️",
            "stop\n\t",
            "*STOP*",
            "_stop_",
        ] {
            assert_eq!(fold(text).joined, "stop", "{text:?}");
        }
        assert_eq!(fold("Stop,  please!!").joined, "stop please");
        assert_eq!(fold("Stop,please").parted, "stop please");
        assert_eq!(fold("ma\u{301}s").joined, "más");
        assert_eq!(without_accents("não mais, ação"), "nao mais, acao");
        assert_eq!(fold("إلغـــاء الاشتراكِ").joined, "الغاء الاشتراك");
        assert_eq!(without_accents("बंद करें"), "बंद करें", "signs of Devanagari are letters");
        assert_eq!(fold("🙏👍🏽").joined, "");
    }

    #[test]
    fn long_texts_are_messages() {
        assert!(may_be_keyword(&"é".repeat(40)) && may_be_keyword(&"🙏".repeat(40)));
        assert!(!may_be_keyword(&"e".repeat(41)) && !may_be_keyword(&"🙏".repeat(41)) && !may_be_keyword(""));
    }
}
