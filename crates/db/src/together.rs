//! Retries of conflicting transactions, and batch writes that isolate bad items.

use super::{Result, is_conflict, is_unavailable};

/// Maximum number of retries after conflicts.
const MAX_RETRIES: usize = 5;

/// Runs a transaction and retries it, up to five times, after a conflict with another one. The transaction must be finished when `work`
/// returns, or its row locks would conflict with the next attempt.
pub async fn retry_conflicts<T, W>(mut work: impl FnMut() -> W) -> Result<T>
where
    W: Future<Output = Result<T>>,
{
    let mut retries = 0;
    loop {
        match work().await {
            Err(error) if is_conflict(&error) && retries < MAX_RETRIES => retries += 1,
            result => return result,
        }
    }
}

/// Writes all items in one commit. If that fails, writes each by itself, so that a bad item does not affect the others. While the database
/// is unavailable nothing more is tried.
///
/// `write` commits all items given or none, and returns a result for each. `failed` returns the results of items that could not be written:
/// of one that the database rejects, or of all that remain.
pub async fn write_together<'i, I, A, W>(
    items: &'i [I],
    write: impl Fn(&'i [I]) -> W,
    failed: impl Fn(&sqlx::Error, &[I]) -> Vec<A>,
) -> Vec<A>
where
    W: Future<Output = Result<Vec<A>>>,
{
    let error = match retry_conflicts(|| write(items)).await {
        Ok(written) => return written,
        Err(error) => error,
    };
    if items.len() == 1 || is_unavailable(&error) {
        return failed(&error, items);
    }
    tracing::warn!(%error, items = items.len(), "batch commit failed; writing each item by itself");
    let mut answers = Vec::with_capacity(items.len());
    for n in 0..items.len() {
        match retry_conflicts(|| write(&items[n..=n])).await {
            Ok(written) => answers.extend(written),
            Err(error) if is_unavailable(&error) => {
                answers.extend(failed(&error, &items[n..]));
                break;
            }
            Err(error) => answers.extend(failed(&error, &items[n..=n])),
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{Scratch, Tx, conflict_error};

    /// The result for a number.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum WriteResult {
        Written,
        Refused,
        Lost,
    }
    use WriteResult::{Lost, Refused, Written};

    async fn numbers() -> Scratch {
        let db = Scratch::empty().await;
        let table = "CREATE TABLE numbers (n BIGINT NOT NULL UNIQUE, CHECK (n <> 13))";
        db.sql(table, ()).run().await.expect("the table is made");
        db
    }

    /// Writes all these numbers in one commit.
    async fn write(db: &Scratch, numbers: &[i64]) -> Result<Vec<WriteResult>> {
        let insert = async |tx: &mut Tx| {
            for n in numbers {
                tx.sql("INSERT INTO numbers VALUES ($1)", (*n,)).run().await?;
            }
            Ok(vec![Written; numbers.len()])
        };
        db.transaction(insert).await
    }

    fn failed(error: &sqlx::Error, numbers: &[i64]) -> Vec<WriteResult> {
        vec![if is_unavailable(error) { Lost } else { Refused }; numbers.len()]
    }

    async fn stored(db: &Scratch) -> Vec<i64> {
        let rows: Vec<(i64,)> = db
            .sql("SELECT n FROM numbers ORDER BY n", ())
            .all()
            .await
            .expect("it reads");
        rows.into_iter().map(|(n,)| n).collect()
    }

    #[tokio::test]
    async fn valid_items_are_written_in_one_commit() {
        let (db, commits) = (numbers().await, Cell::new(0));
        let counted = |numbers| {
            commits.set(commits.get() + 1);
            write(&db, numbers)
        };
        assert_eq!(write_together(&[1, 2, 3], counted, failed).await, [Written; 3]);
        assert_eq!((commits.get(), stored(&db).await), (1, vec![1, 2, 3]));
    }

    #[tokio::test]
    async fn an_item_that_the_database_rejects_does_not_affect_the_others() {
        let db = numbers().await;
        let fates = write_together(&[12, 13, 14], |numbers| write(&db, numbers), failed).await;
        assert_eq!(fates, [Written, Refused, Written]);
        assert_eq!(stored(&db).await, [12, 14]);
        let alone = write_together(&[13], |numbers| write(&db, numbers), failed).await;
        assert_eq!(alone, [Refused]);
    }

    #[tokio::test]
    async fn a_conflict_is_retried_until_it_is_gone() {
        let (db, attempts) = (numbers().await, Cell::new(0));
        write(&db, &[1]).await.expect("it is written");
        let meeting = |numbers| {
            attempts.set(attempts.get() + 1);
            let is_last = attempts.get() > MAX_RETRIES;
            let db = &db;
            async move {
                if is_last {
                    db.sql("DELETE FROM numbers WHERE n = 1", ()).run().await?;
                }
                write(db, numbers).await
            }
        };
        assert_eq!(write_together(&[1, 2], meeting, failed).await, [Written; 2]);
        assert_eq!((attempts.get(), stored(&db).await), (1 + MAX_RETRIES, vec![1, 2]));
    }

    #[tokio::test]
    async fn a_lasting_conflict_fails_only_its_item() {
        let (db, attempts) = (numbers().await, Cell::new(0));
        write(&db, &[1]).await.expect("it is written");
        let counted = |numbers| {
            attempts.set(attempts.get() + 1);
            write(&db, numbers)
        };
        assert_eq!(write_together(&[1, 2], counted, failed).await, [Refused, Written]);
        // All of them, then the one, each until the retries are used up; then the other.
        assert_eq!(attempts.get(), 2 * (1 + MAX_RETRIES) + 1);
        let error = retry_conflicts(|| async { Err::<(), _>(conflict_error()) }).await;
        assert!(error.is_err_and(|error| is_conflict(&error)));
    }

    #[tokio::test]
    async fn without_a_database_all_is_lost_at_once() {
        let (db, attempts) = (numbers().await, Cell::new(0));
        db.close().await;
        let counted = |numbers| {
            attempts.set(attempts.get() + 1);
            write(&db, numbers)
        };
        assert_eq!(write_together(&[1, 2, 3], counted, failed).await, [Lost; 3]);
        assert_eq!(attempts.get(), 1);
    }

    #[tokio::test]
    async fn a_database_that_becomes_unavailable_is_not_tried_for_each_remaining_item() {
        let (db, attempts) = (numbers().await, Cell::new(0));
        let leaving = |numbers| {
            attempts.set(attempts.get() + 1);
            let is_leaving = attempts.get() == 3;
            let db = &db;
            async move {
                if is_leaving {
                    db.close().await;
                }
                write(db, numbers).await
            }
        };
        // All of them, then the first; then the database is gone.
        let fates = write_together(&[12, 13, 14, 15], leaving, failed).await;
        assert_eq!((attempts.get(), fates), (3, vec![Written, Lost, Lost, Lost]));
    }
}
