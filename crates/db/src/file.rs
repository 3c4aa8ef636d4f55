use std::{path::PathBuf, str::FromStr};

use sqlx::sqlite::SqliteConnectOptions;

/// Returns the file of a `sqlite://` URL; `None` for another database.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") {
        return None;
    }
    let options = SqliteConnectOptions::from_str(url).ok()?;
    Some(options.get_filename().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_sqlite_has_a_file() {
        assert_eq!(sqlite_file("sqlite://data/a.db"), Some(PathBuf::from("data/a.db")));
        assert_eq!(
            sqlite_file("sqlite:///srv/a.db?mode=rw"),
            Some(PathBuf::from("/srv/a.db"))
        );
        assert_eq!(sqlite_file("postgres://localhost/a"), None);
    }
}
