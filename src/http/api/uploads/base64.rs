//! Decodes base64 as a stream.

use std::{borrow::Cow, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{Stream, stream};
use serde::{
    Deserializer,
    de::{Error, Visitor},
};

/// Characters decoded at a time: whole groups of four.
const PIECE: usize = 64 * 1024;

/// Invalid base64.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {PIECE} characters from number {from} on are wrong: {why}")]
pub(crate) struct NotBase64 {
    from: usize,
    why: String,
}

/// Decodes a text piece by piece, as the stream is polled: RFC 4648 §4, with padding.
pub fn pieces(text: Bytes) -> impl Stream<Item = Result<Bytes, NotBase64>> + Send {
    let next = |(mut rest, from): (Bytes, usize)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        let decoded = decode(&piece, rest.is_empty()).map_err(|why| NotBase64 { from, why });
        let from = from + piece.len();
        // The stream ends with the first error.
        let rest = if decoded.is_ok() { rest } else { Bytes::new() };
        Some((decoded, (rest, from)))
    };
    stream::unfold((text, 0), next)
}

/// Decodes one piece. Padding is valid only at the end of the last.
fn decode(piece: &[u8], is_last: bool) -> Result<Bytes, String> {
    if !is_last && piece.contains(&b'=') {
        return Err("there is padding before the end".to_owned());
    }
    let decoded = BASE64_STANDARD.decode(piece);
    decoded.map(Bytes::from).map_err(|error| error.to_string())
}

/// Deserializes a text without copying it, unless it holds escapes. (serde always copies a `Cow`.)
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<Cow<'de, str>>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("a string")
        }

        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Borrowed(text)))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Cow::Owned(text.to_owned())))
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Text)
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, TryStreamExt};

    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, NotBase64> {
        let pieces: Result<Vec<Bytes>, NotBase64> = pieces(Bytes::from(text.to_owned()))
            .try_collect()
            .now_or_never()
            .expect("nothing is waited for");
        pieces.map(|pieces| pieces.concat())
    }

    #[test]
    fn a_text_of_any_length_is_decoded() {
        for length in [0, 1, 2, 3, PIECE * 3 / 4, PIECE * 3 / 4 + 1, PIECE * 3 / 2 - 1, 200_000] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            assert_eq!(decoded(&BASE64_STANDARD.encode(&bytes)), Ok(bytes), "{length}");
        }
    }

    #[test]
    fn what_is_not_base64_is_told_with_its_place() {
        assert_eq!(decoded("!").unwrap_err().from, 0);
        assert_eq!(decoded(&("A".repeat(PIECE) + "AAA!")).unwrap_err().from, PIECE);
        assert!(decoded(&("A".repeat(PIECE - 4) + "AA==" + "AAAA")).is_err());
        assert!(decoded("AAA").is_err());
    }

    #[test]
    fn a_text_is_copied_only_where_it_must_be() {
        #[derive(serde::Deserialize)]
        struct Body<'b>(#[serde(borrow, deserialize_with = "text")] Option<Cow<'b, str>>);
        let read = |json| serde_json::from_str::<Body<'_>>(json).map(|it| it.0);
        assert!(matches!(read(r#""a/b""#), Ok(Some(Cow::Borrowed("a/b")))));
        assert!(matches!(read(r#""a\/b""#), Ok(Some(Cow::Owned(text))) if text == "a/b"));
        assert!(matches!(read("null"), Ok(None)));
        assert!(read("5").is_err());
    }
}
