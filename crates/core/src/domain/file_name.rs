//! File names from untrusted sources.

/// Maximum length of a stored name in characters.
const LONGEST: usize = 240;

/// Returns the name without folders, control and direction characters, without dots and spaces at its ends, cut to 240 characters. `None`
/// if nothing is left.
pub fn sanitize(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = name.chars().filter(|c| !is_hidden(*c)).take(LONGEST).collect();
    let shown = shown
        .trim_end_matches(|c: char| c == '.' || c.is_whitespace())
        .trim_start();
    (!shown.is_empty()).then(|| shown.to_owned())
}

/// Returns why a displayed name would deceive people; `None` if it would not.
pub fn rejection_reason(name: &str) -> Option<&'static str> {
    if name.chars().any(is_hidden) {
        return Some("must not contain control characters or text direction marks");
    }
    let named = name.chars().any(|c| c != '.' && !c.is_whitespace());
    (!named).then_some("must contain more than dots")
}

/// Returns the extension in lower case: 1 to 10 ASCII letters or digits after the last dot.
pub fn extension(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let looks = (1..=10).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (looks && !stem.is_empty()).then(|| ending.to_ascii_lowercase())
}

/// Returns whether a character is a control character (Unicode Cc), a line or paragraph separator, a direction mark (Unicode Bidi_Control)
/// or a zero-width space.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_folders_hidden_characters_and_its_ends() {
        for (given, expected) in [
            ("invoice.pdf", Some("invoice.pdf")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\temp\\a.pdf", Some("a.pdf")),
            ("a\r\nSet-Cookie: b.pdf", Some("aSet-Cookie: b.pdf")),
            ("Angebot Nr. 12/ä.pdf", Some("ä.pdf")),
            (" ", None),
            ("a/", None),
            (".", None),
            ("..", None),
            (". . .", None),
            ("invoice.pdf. ", Some("invoice.pdf")),
            (".htaccess", Some(".htaccess")),
            ("invoice\u{202e}fdp.exe", Some("invoicefdp.exe")),
            ("\u{2067}\u{feff}\u{200b}", None),
            ("👨\u{200d}👩\u{200d}👧.png", Some("👨\u{200d}👩\u{200d}👧.png")),
        ] {
            assert_eq!(sanitize(given).as_deref(), expected, "{given:?}");
        }
        assert_eq!(
            sanitize(&"é".repeat(1_000)).map(|name| name.chars().count()),
            Some(LONGEST)
        );
    }

    #[test]
    fn an_ending_is_a_short_word_after_a_name() {
        for (name, expected) in [
            ("a.PDF", Some("pdf")),
            ("a.tar.gz", Some("gz")),
            ("Angebot Nr. 12", None),
            ("Dr.Müller", None),
            (".htaccess", None),
            ("a.", None),
            ("a", None),
        ] {
            assert_eq!(extension(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_name_that_deceives_is_told_apart() {
        assert!(
            ["a\u{202e}fdp.exe", "a\nb", "...", " "]
                .iter()
                .all(|name| rejection_reason(name).is_some())
        );
        assert!(
            ["a.pdf", "مستند.pdf", ".x"]
                .iter()
                .all(|name| rejection_reason(name).is_none())
        );
    }
}
