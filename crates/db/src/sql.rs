use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// The text of a statement: the same on both databases, or one for each.
pub struct Sql {
    pub(super) sqlite: SqlStr,
    pub(super) postgres: SqlStr,
}

impl Sql {
    pub fn each(sqlite: &'static str, postgres: &'static str) -> Self {
        Self {
            sqlite: sqlite.into_sql_str(),
            postgres: postgres.into_sql_str(),
        }
    }

    /// Creates a statement from a text built of our own fragments and `$n`; never from user input.
    pub fn built(text: String) -> Self {
        let text = AssertSqlSafe(text).into_sql_str();
        Self {
            sqlite: text.clone(),
            postgres: text,
        }
    }

    /// Like [`built`](Self::built), with `{+}` before a column that SQLite is not to use an index for: without statistics it cannot tell
    /// which of several equality conditions is selective.
    pub fn without_index(text: &str) -> Self {
        let text = |plus| AssertSqlSafe(text.replace("{+}", plus)).into_sql_str();
        Self {
            sqlite: text("+"),
            postgres: text(""),
        }
    }

    /// Like [`built`](Self::built), with `{binary}` for a comparison by bytes, as a prefix index requires: the default in SQLite, collation
    /// `C` in PostgreSQL.
    pub fn built_with_binary_order(text: &str) -> Self {
        let text = |binary| AssertSqlSafe(text.replace("{binary}", binary)).into_sql_str();
        Self {
            sqlite: text(""),
            postgres: text(r#" COLLATE "C""#),
        }
    }
}

impl From<&'static str> for Sql {
    #[inline]
    fn from(text: &'static str) -> Self {
        Self::each(text, text)
    }
}

/// Returns the highest `$n` in a text. SQLite silently binds a missing argument as NULL, so the count is checked here.
pub(super) fn placeholders(text: &str) -> usize {
    text.split('$')
        .skip(1)
        .filter_map(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest[..digits].parse::<usize>().ok()
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::placeholders;

    #[test]
    fn placeholders_are_counted_by_the_greatest_number() {
        for (text, count) in [
            ("SELECT 1", 0),
            ("SELECT $1, $2, $1", 2),
            ("SELECT $12 WHERE a = $3", 12),
            ("SELECT '$' || $1", 1),
        ] {
            assert_eq!(placeholders(text), count, "{text}");
        }
    }
}
