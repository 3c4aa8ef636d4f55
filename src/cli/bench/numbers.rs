//! SQL that makes rows of numbers, for databases that are filled by statements.

/// Parts of a statement `INSERT … SELECT` whose first two values are a number and the one behind the last; its rows have the number `n`.
pub(super) struct NumbersSql {
    /// Stands before the statement.
    pub with: &'static str,
    pub from: &'static str,
    /// The id of number `n`: a UUID that is older than what the server makes.
    pub id: &'static str,
}

impl NumbersSql {
    pub fn new(postgres: bool) -> Self {
        match postgres {
            true => Self {
                with: "",
                from: "FROM generate_series($1::BIGINT, $2::BIGINT - 1) n",
                id: "('0193' || LPAD(TO_HEX(n), 28, '0'))::UUID",
            },
            false => Self {
                with: "WITH RECURSIVE numbers (n) AS (SELECT $1 WHERE $1 < $2 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $2) ",
                from: "FROM numbers",
                id: "UNHEX('0193' || PRINTF('%028x', n))",
            },
        }
    }
}
