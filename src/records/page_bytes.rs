//! Byte limit of pages whose rows may be long.

/// Maximum bytes of content in a page. Meta's payloads have some hundreds per row.
const PAGE: usize = 4 * 1_024 * 1_024;

/// Returns how many rows of these lengths fit into a page of [`PAGE`] bytes; at least one.
pub fn fitting(lengths: impl IntoIterator<Item = usize>) -> usize {
    let mut sum = 0;
    let fit = lengths.into_iter().take_while(|length| {
        sum += length;
        sum <= PAGE
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_its_bytes_and_always_a_row() {
        assert_eq!(fitting([PAGE / 2, PAGE / 2, 1]), 2);
        assert_eq!(fitting([PAGE + 1, 1]), 1);
        assert_eq!(fitting([1; 200]), 200);
    }
}
