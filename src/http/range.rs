//! The `Range` header (RFC 9110 §14), as far as players and resumed downloads need it: one range of bytes.

use axum::http::{HeaderMap, header};

/// The part of a file that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    /// Bytes from the first offset up to, not including, the second.
    Bytes(u64, u64),
    /// A range that holds no byte of the file.
    Nothing,
}

/// Parses the part of a file of `size` bytes that is requested. Malformed ranges, several ranges at once, and a range of another version of
/// the file (`If-Range`) ask for the whole, as the RFC allows.
pub fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_RANGE).is_some_and(|of| of != etag) {
        return Part::Whole;
    }
    let range = text(header::RANGE).and_then(|range| range.strip_prefix("bytes="));
    range.and_then(|range| part(range.trim(), size)).unwrap_or(Part::Whole)
}

fn part(range: &str, size: u64) -> Option<Part> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (from, to) = match (first, last) {
        ("", "") => return None,
        ("", last) => (
            size.saturating_sub(number(last)?),
            if number(last)? == 0 { 0 } else { size },
        ),
        (first, "") => (number(first)?, size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(size))
        }
    };
    Some(if from < to {
        Part::Bytes(from, to)
    } else {
        Part::Nothing
    })
}

/// Returns whether the client already has this version (`If-None-Match`).
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let given = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    given.is_some_and(|given| {
        let mut all = given.split(',').map(str::trim);
        all.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(range: &str, expected: Part) {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        assert_eq!(wanted(&headers, 100, "\"a\""), expected, "{range}");
        headers.insert(header::IF_RANGE, "\"a\"".parse().unwrap());
        assert_eq!(wanted(&headers, 100, "\"a\""), expected, "{range} of the same file");
        assert_eq!(wanted(&headers, 100, "\"b\""), Part::Whole, "{range} of another file");
    }

    #[test]
    fn a_range_is_read_as_the_rfc_says() {
        check("bytes=0-0", Part::Bytes(0, 1));
        check("bytes=0-99", Part::Bytes(0, 100));
        check("bytes=10-1000", Part::Bytes(10, 100));
        check("bytes=99-", Part::Bytes(99, 100));
        check("bytes=-1", Part::Bytes(99, 100));
        check("bytes=-1000", Part::Bytes(0, 100));
        check("bytes=100-", Part::Nothing);
        check("bytes=-0", Part::Nothing);
        check("bytes=99999999999999999999999-", Part::Nothing);
        for nonsense in [
            "bytes=",
            "bytes=-",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "items=0-1",
            "bytes=+1-2",
        ] {
            check(nonsense, Part::Whole);
        }
    }

    #[test]
    fn a_version_is_known_by_its_tag() {
        for (given, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, given.parse().unwrap())]);
            assert_eq!(is_known(&headers, "\"a\""), expected, "{given}");
        }
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
