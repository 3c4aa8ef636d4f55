use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// The text of a statement: the same on both databases, or one for each where they differ.
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

    /// For text put together from fragments of ours and `$n`; never from anything a caller sent.
    pub fn built(text: String) -> Self {
        let text = AssertSqlSafe(text).into_sql_str();
        Self {
            sqlite: text.clone(),
            postgres: text,
        }
    }

    /// The same for text in which `{+}` stands before a column that SQLite is not to use an index for: of several columns with an
    /// equal sign it cannot tell, without statistics, which leads to few rows.
    pub fn without_index(text: &str) -> Self {
        let text = |plus| AssertSqlSafe(text.replace("{+}", plus)).into_sql_str();
        Self {
            sqlite: text("+"),
            postgres: text(""),
        }
    }

    /// The same for text in which `{binary}` makes a comparison go by the bytes, as an index over prefixes needs it: SQLite
    /// compares so by itself, PostgreSQL by the collation `C`.
    pub fn built_with_binary_order(text: &str) -> Self {
        let text = |binary| AssertSqlSafe(text.replace("{binary}", binary)).into_sql_str();
        Self {
            sqlite: text(""),
            postgres: text(r#" COLLATE "C""#),
        }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::each(text, text)
    }
}

/// The greatest `$n` in a text. SQLite reads a missing argument as NULL without a word, so somebody has to count.
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
