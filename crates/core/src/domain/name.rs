//! Names and descriptions: one rule for all texts shown in lists, logs and terminals.

/// The reason why a text is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("must have 1 to {longest} characters")]
    Length { longest: usize },
    /// A control character, or one that changes the direction or line of the text after it.
    #[error("must not contain the character U+{:04X}, which is invisible", u32::from(*.0))]
    Invisible(char),
}

/// Trims and checks a name: 1 to `longest` characters, all of them visible.
pub fn check_name(text: &str, longest: usize) -> Result<&str, BadName> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest {
        return Err(BadName::Length { longest });
    }
    match text.chars().find(|c| is_invisible(*c)) {
        Some(c) => Err(BadName::Invisible(c)),
        None => Ok(text),
    }
}

/// Trims and checks a description: like [`check_name`], with line breaks and tabs allowed.
pub fn check_description(text: &str, longest: usize) -> Result<&str, BadName> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest {
        return Err(BadName::Length { longest });
    }
    match text.chars().find(|c| is_invisible(*c) && !matches!(c, '\n' | '\t')) {
        Some(c) => Err(BadName::Invisible(c)),
        None => Ok(text),
    }
}

/// Returns whether a character is a control character (category Cc), a line or paragraph separator, or an embedding, override or isolate of
/// the Unicode Bidirectional Algorithm (UAX #9), which makes a text look like another. Joiners and direction marks occur in words and
/// emoji and are allowed.
fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_visible_is_no_name() {
        for good in ["Acme", "Bücher & Söhne", "👩‍👩‍👧", "شركة", "a\u{200e}b"] {
            assert_eq!(check_name(good, 20), Ok(good));
        }
        assert_eq!(check_name("  Acme ", 20), Ok("Acme"));
        for (text, bad) in [
            ("a\u{0}", '\0'),
            ("a\nb", '\n'),
            ("a\u{85}b", '\u{85}'),
            ("\u{202e}a", '\u{202e}'),
            ("a\u{2069}b", '\u{2069}'),
        ] {
            assert_eq!(check_name(text, 20), Err(BadName::Invisible(bad)));
        }
        for text in ["", " ", "abcdef"] {
            assert_eq!(check_name(text, 5), Err(BadName::Length { longest: 5 }));
        }
        assert_eq!(check_description("a\n\tb", 20), Ok("a\n\tb"));
        assert_eq!(check_description("a\rb", 20), Err(BadName::Invisible('\r')));
        assert_eq!(
            BadName::Invisible('\u{7}').to_string(),
            "must not contain the character U+0007, which is invisible"
        );
    }
}
