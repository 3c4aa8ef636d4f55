//! What is wrong with a filter, and where.

/// Why a text is no filter of this tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct FilterError {
    /// Position of the character, from 1.
    pub column: usize,
    /// What is wrong and what was expected, as a sentence without its end.
    pub message: String,
}

impl FilterError {
    pub(super) fn at(column: usize, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { column, message }
    }
}

/// Returns the name that a person most likely meant: one that a few changed, missing or swapped letters away.
pub(super) fn nearest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let given: Vec<char> = given.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let far = given.len() / 3 + 1;
    let judged = known.into_iter().map(|name| {
        let letters: Vec<char> = name.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
        (distance(&given, &letters), name)
    });
    let (distance, name) = judged.min()?;
    (distance <= far).then_some(name)
}

/// Characters of a name that are compared.
const LONGEST: usize = 60;

/// The number of letters to insert, remove, replace or swap with their neighbour (optimal string alignment).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let (a, b) = (one[i - 1], other[j - 1]);
                    let changed = rows[i - 1][j - 1] + usize::from(a != b);
                    let least = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a == other[j - 2] && one[i - 2] == b;
                    if swapped {
                        least.min(rows[i - 2][j - 2] + 1)
                    } else {
                        least
                    }
                }
            };
        }
    }
    rows[one.len()][other.len()]
}
