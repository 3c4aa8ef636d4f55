//! Bounds the parts of a multipart form that are not content: the bytes before the first boundary, the headers of each field, and the bytes
//! after the last boundary. The multipart reader buffers them and scans them again with every piece, so they are bounded before it.

use std::error::Error;

use axum::{extract::multipart::MultipartError, http::StatusCode};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use memchr::memmem;

use crate::http::problem::Problem;

/// Maximum bytes of one field's headers, of the bytes before the first field, and of those after the last.
const MAX_BYTES: usize = 8 * 1_024;
const END_OF_HEADERS: &[u8] = b"\r\n\r\n";

/// The error of a form with more than [`MAX_BYTES`] bytes around its fields.
#[derive(Debug, thiserror::Error)]
#[error("it has more than {MAX_BYTES} bytes before its first boundary, in the headers of a field, or after its end")]
pub(crate) struct EnvelopeTooLong;

/// Returns the problem of a form that cannot be read; it may have this many bytes.
pub(crate) fn unreadable(error: &MultipartError, limit: usize) -> Problem {
    let mut cause = error.source();
    while let Some(it) = cause {
        if let Some(too_much) = it.downcast_ref::<EnvelopeTooLong>() {
            return Problem::invalid(format!("Malformed form data: {too_much}."));
        }
        cause = it.source();
    }
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(limit),
        _ => Problem::invalid(format!("Malformed form data: {}.", error.body_text())),
    }
}

/// Passes the pieces of a form on as long as the bytes around its fields are within the limit.
pub(crate) fn limit_envelope<E: Into<axum::BoxError>, S: Stream<Item = Result<Bytes, E>>>(
    pieces: S,
    boundary: &str,
) -> impl Stream<Item = Result<Bytes, axum::BoxError>> + use<E, S> {
    let mut scan = Scan::new(boundary);
    pieces.map(move |piece| {
        let piece = piece.map_err(Into::into)?;
        scan.add(&piece)?;
        Ok(piece)
    })
}

/// The parser state after the bytes so far.
struct Scan {
    delimiter: Vec<u8>,
    is_in_field: bool,
    /// Bytes around fields since the last field ended.
    around: usize,
    /// The last bytes so far: the mark that is searched for may have begun in them.
    tail: Vec<u8>,
}

impl Scan {
    fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            is_in_field: false,
            around: 0,
            tail: Vec::new(),
        }
    }

    fn mark(&self) -> &[u8] {
        if self.is_in_field {
            &self.delimiter
        } else {
            END_OF_HEADERS
        }
    }

    fn add(&mut self, mut piece: &[u8]) -> Result<(), EnvelopeTooLong> {
        while !piece.is_empty() {
            let begun = self.tail.len();
            let most = begun.min(self.mark().len() - 1);
            // The mark may span two pieces; the bytes of it in the tail were counted with the piece before.
            let mut seam = self.tail.split_off(begun - most);
            let kept = seam.len();
            seam.extend_from_slice(&piece[..piece.len().min(self.mark().len() - 1)]);
            let across = memmem::find(&seam, self.mark()).map(|at| at + self.mark().len() - kept);
            let within = || memmem::find(piece, self.mark()).map(|at| at + self.mark().len());
            let found = across.or_else(within);
            let read = found.unwrap_or(piece.len());
            if !self.is_in_field {
                self.around += read;
                if self.around > MAX_BYTES {
                    return Err(EnvelopeTooLong);
                }
            }
            match found {
                Some(_) => {
                    self.is_in_field = !self.is_in_field;
                    self.around = 0;
                    self.tail.clear();
                }
                None => {
                    let keep = self.mark().len() - 1;
                    seam.truncate(kept);
                    seam.extend_from_slice(&piece[piece.len().saturating_sub(keep)..]);
                    let from = seam.len().saturating_sub(keep);
                    self.tail = seam.split_off(from);
                }
            }
            piece = &piece[read..];
        }
        Ok(())
    }
}

/// Returns the boundary that a `Content-Type` names.
pub fn boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1);
    let named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
    let found = named
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .last()?;
    let value = found.1.trim().trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(from_form: &[u8], piece: usize) -> bool {
        let mut scan = Scan::new("B");
        from_form.chunks(piece).all(|piece| scan.add(piece).is_ok())
    }

    #[test]
    fn only_what_stands_around_fields_is_bounded_however_the_bytes_are_cut() {
        let head = b"--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
        let file = vec![b'x'; 40_000];
        let long = vec![b'y'; MAX_BYTES + 1];
        let whole = [&head[..], &file, b"\r\n--B--\r\n"].concat();
        let two = [&head[..], &file, b"\r\n", &head[..], &file, b"\r\n--B--"].concat();
        for (from_form, expected) in [
            (whole.clone(), true),
            (two, true),
            (long.clone(), false),
            ([&b"--B\r\nX: "[..], &long, b"\r\n\r\n"].concat(), false),
            (
                [&head[..], &file, b"\r\n--B\r\nX: ", &long, b"\r\n\r\n"].concat(),
                false,
            ),
            ([&whole[..], &long].concat(), false),
        ] {
            for piece in [1, 3, 7, 1_000, 1_000_000] {
                assert_eq!(
                    fits(&from_form, piece),
                    expected,
                    "{} bytes in pieces of {piece}",
                    from_form.len()
                );
            }
        }
    }

    #[test]
    fn a_boundary_is_read_as_it_is_named() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("multipart/form-data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
        ] {
            assert_eq!(boundary(content_type).as_deref(), expected, "{content_type}");
        }
    }
}
