//! From a JSON value to the exact bytes that are signed and sent.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

/// How text outside ASCII travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As Meta sends it: `\u00e9` with lower-case hex, surrogate pairs above the basic plane, and `\/`.
    #[default]
    Escaped,
    /// Plain UTF-8.
    Raw,
}

impl Encoding {
    /// Writes `value` as JSON without spaces.
    pub fn encode(self, value: &impl Serialize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1024);
        match self {
            Encoding::Raw => serde_json::to_writer(&mut bytes, value),
            Encoding::Escaped => value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, AsciiOnly)),
        }
        .expect("a JSON value with string keys always serialises into memory");
        bytes
    }
}

/// Compact JSON in which every string is ASCII.
struct AsciiOnly;

impl Formatter for AsciiOnly {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'/') {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(b"\\/")?,
                ' '..='~' => writer.write_all(&[character as u8])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn escaped_text_is_written_the_way_meta_writes_it() {
        let value = json!({"a/b": "caf\u{e9} \u{1f600} \"x\" \\ \n \u{7f}"});
        let escaped = Encoding::Escaped.encode(&value);
        assert_eq!(
            String::from_utf8(escaped).unwrap(),
            r#"{"a\/b":"caf\u00e9 \ud83d\ude00 \"x\" \\ \n \u007f"}"#
        );
    }
}
