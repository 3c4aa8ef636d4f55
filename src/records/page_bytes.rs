//! The length of a page in bytes, where rows may be long.

/// Bytes of content in one page. What Meta sends has some hundreds a row.
const PAGE: usize = 4 * 1_024 * 1_024;

/// How many of the rows of these lengths a page holds: as many as have [`PAGE`] bytes together, and always the first.
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
