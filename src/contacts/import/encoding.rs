//! Encodings of uploaded text files.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The encoding of a file. All but UTF-16 keep ASCII as it is, so that their rows are found in the bytes as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextEncoding(&'static Encoding);

impl TextEncoding {
    pub const UTF_8: Self = Self(UTF_8);

    /// Returns the encoding that a byte order mark announces, and the length of the mark.
    pub fn by_mark(head: &[u8]) -> Option<(Self, usize)> {
        Encoding::for_bom(head).map(|(encoding, length)| (Self(encoding), length))
    }

    /// Returns the encoding of this name (WHATWG's labels, such as `windows-1252` or `shift_jis`), unless rows cannot be found in it.
    pub fn by_name(name: &str) -> Option<Self> {
        let encoding = Encoding::for_label(name.trim().as_bytes())?;
        let found = Self(encoding);
        (encoding.is_ascii_compatible() || found.is_utf_16()).then_some(found)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub fn is_utf_16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// Returns whether `|` may be the second byte of a character.
    pub fn hides_pipes(self) -> bool {
        !self.0.is_single_byte() && self.0 != UTF_8 && !self.is_utf_16()
    }

    /// Returns a decoder to UTF-8 for the encodings in which rows are not found as they are.
    pub fn transcoder(self) -> Option<encoding_rs::Decoder> {
        self.is_utf_16().then(|| self.0.new_decoder_without_bom_handling())
    }

    /// Decodes a cell as [`RowReader`](super::rows::RowReader) returns it. `None` if it is not text in this encoding.
    pub fn decode(self, cell: &[u8]) -> Option<String> {
        let encoding = if self.is_utf_16() { UTF_8 } else { self.0 };
        let text = encoding.decode_without_bom_handling_and_without_replacement(cell)?;
        Some(text.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_mark_and_by_name() {
        let by_mark = |head: &[u8]| TextEncoding::by_mark(head).map(|(encoding, length)| (encoding.name(), length));
        assert_eq!(by_mark(b"\xef\xbb\xbfphone"), Some(("UTF-8", 3)));
        assert_eq!(by_mark(b"\xff\xfep\0"), Some(("UTF-16LE", 2)));
        assert_eq!(by_mark(b"\xfe\xff\0p"), Some(("UTF-16BE", 2)));
        assert_eq!(by_mark(b"phone"), None);
        let by_name = |name| TextEncoding::by_name(name).map(TextEncoding::name);
        assert_eq!(by_name(" Latin1 "), Some("windows-1252"));
        assert_eq!(by_name("sjis"), Some("Shift_JIS"));
        assert_eq!(by_name("utf-16"), Some("UTF-16LE"));
        for unusable in ["iso-2022-jp", "utf-7", "", "klingon"] {
            assert_eq!(by_name(unusable), None, "{unusable}");
        }
    }

    #[test]
    fn a_cell_that_is_not_text_in_its_encoding_is_refused() {
        assert_eq!(TextEncoding::UTF_8.decode("né".as_bytes()).as_deref(), Some("né"));
        assert_eq!(TextEncoding::UTF_8.decode(b"n\xe9"), None);
        let western = TextEncoding::by_name("windows-1252").expect("it is known");
        assert_eq!(western.decode(b"n\xe9").as_deref(), Some("né"));
    }
}
