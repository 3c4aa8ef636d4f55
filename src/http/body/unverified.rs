//! Reads the bodies of webhooks whose signature is not verified yet.

use axum::body::{BodyDataStream, HttpBody};
use bytes::Bytes;
use futures::StreamExt;

use crate::http::byte_budget::{ByteBudgetExhausted, ByteReservation};

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum UnverifiedBodyError {
    TooLarge,
    Broken,
    /// The budget of all unverified bodies is used up.
    MemoryExhausted,
}

/// Reads a body of at most `limit` bytes and reserves its buffer in `held` as it grows. Most bodies arrive in one piece, which is passed on
/// as it is and reserves nothing: it is no longer than the read buffer of its connection.
pub(crate) async fn read_unverified(
    pieces: &mut BodyDataStream,
    limit: usize,
    held: &mut ByteReservation<'_>,
) -> Result<Bytes, UnverifiedBodyError> {
    let expected = HttpBody::size_hint(pieces)
        .upper()
        .map_or(limit, |length| length.min(limit as u64) as usize);
    let mut first = match pieces.next().await {
        None => return Ok(Bytes::new()),
        Some(first) => first.map_err(|_| UnverifiedBodyError::Broken)?,
    };
    let mut joined = Vec::new();
    loop {
        if first.len().max(joined.len()) > limit {
            return Err(UnverifiedBodyError::TooLarge);
        }
        let Some(piece) = pieces.next().await else {
            return Ok(if joined.is_empty() { first } else { joined.into() });
        };
        let piece = piece.map_err(|_| UnverifiedBodyError::Broken)?;
        let length = first.len() + joined.len() + piece.len();
        if length > limit {
            return Err(UnverifiedBodyError::TooLarge);
        }
        if length > joined.capacity() {
            let capacity = (2 * joined.capacity()).min(expected).max(length);
            held.grow(capacity)
                .map_err(|ByteBudgetExhausted| UnverifiedBodyError::MemoryExhausted)?;
            joined.reserve_exact(capacity - joined.len());
        }
        joined.extend_from_slice(&std::mem::take(&mut first));
        joined.extend_from_slice(&piece);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;
    use crate::http::byte_budget::ByteBudget;

    #[tokio::test]
    async fn a_body_in_pieces_takes_room_as_it_arrives() {
        let budget = ByteBudget::new(40, "test_bodies");
        let pieces = |count: usize| {
            let pieces = (0..count).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789")));
            Body::from_stream(futures::stream::iter(pieces)).into_data_stream()
        };
        let (mut first, mut second) = (budget.reservation(), budget.reservation());
        let read = read_unverified(&mut pieces(3), 100, &mut first).await.unwrap();
        assert_eq!(read, b"0123456789".repeat(3)[..]);
        let refused = read_unverified(&mut pieces(4), 100, &mut second).await;
        assert!(
            matches!(refused, Err(UnverifiedBodyError::MemoryExhausted)),
            "{refused:?}"
        );
        drop((first, second));
        let (mut first, mut second) = (budget.reservation(), budget.reservation());
        assert_eq!(
            read_unverified(&mut pieces(1), 100, &mut first).await.unwrap().len(),
            10
        );
        second.grow(40).expect("one piece takes none");
    }
}
