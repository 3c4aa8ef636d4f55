//! Secrets in files: `NAME_FILE` in place of `NAME`, as with Docker, Kubernetes and systemd.

use super::{ConfigError, Secret};

/// The variables that may hold a secret, and those that name a file with it.
pub const SECRETS: [(&str, &str); 9] = [
    ("DATABASE_URL", "DATABASE_URL_FILE"),
    ("REDIS_URL", "REDIS_URL_FILE"),
    ("MAINSTAY_MASTER_KEY", "MAINSTAY_MASTER_KEY_FILE"),
    ("MAINSTAY_ADMIN_TOKEN", "MAINSTAY_ADMIN_TOKEN_FILE"),
    ("MAINSTAY_METRICS_TOKEN", "MAINSTAY_METRICS_TOKEN_FILE"),
    ("META_APP_SECRETS", "META_APP_SECRETS_FILE"),
    ("META_VERIFY_TOKEN", "META_VERIFY_TOKEN_FILE"),
    ("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID_FILE"),
    ("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY_FILE"),
];

/// Maximum size of such a file: a mistyped path may name any file.
const MAX_BYTES: usize = 64 * 1024;

/// Reads the files named in the environment (`lookup`): pairs of variable and value. White space around the value is removed. An empty
/// variable counts as unset.
pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<(&'static str, Secret)>, ConfigError> {
    let given = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let mut found = Vec::new();
    for (name, file) in SECRETS {
        let Some(path) = given(file) else { continue };
        if given(name).is_some() {
            let problem = format!("set, and {name} too");
            return Err(ConfigError::new(file, problem, "unset one of the two"));
        }
        let bytes = std::fs::read(&path).map_err(|error| {
            ConfigError::new(
                file,
                format!("{path} cannot be read: {error}"),
                "name a file that this user may read",
            )
        })?;
        if bytes.len() > MAX_BYTES {
            let problem = format!("{path} is longer than {MAX_BYTES} bytes");
            return Err(ConfigError::new(
                file,
                problem,
                "name a file that holds the value and nothing else",
            ));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| ConfigError::new(file, format!("{path} is not text in UTF-8"), "write the value as text"))?;
        if text.trim().is_empty() {
            return Err(ConfigError::new(
                file,
                format!("{path} is empty"),
                "write the value into it",
            ));
        }
        found.push((name, Secret::new(text.trim())));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(set: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| {
            set.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let path = std::env::temp_dir().join(format!("mainstay-secret-{:016x}", rand::random::<u64>()));
        let named = path.display().to_string();
        std::fs::write(&path, "  0123456789abcdef\n").unwrap();
        let found = read(lookup(&[
            ("MAINSTAY_ADMIN_TOKEN_FILE", &named),
            ("MAINSTAY_ADMIN_TOKEN", ""),
        ]))
        .unwrap();
        assert_eq!((found.len(), found[0].0), (1, "MAINSTAY_ADMIN_TOKEN"));
        assert_eq!(found[0].1.expose(), "0123456789abcdef");

        let both = [
            ("MAINSTAY_ADMIN_TOKEN_FILE", named.as_str()),
            ("MAINSTAY_ADMIN_TOKEN", "x"),
        ];
        assert_eq!(read(lookup(&both)).unwrap_err().variable, "MAINSTAY_ADMIN_TOKEN_FILE");
        for broken in [&b" \n"[..], b"\xff\xfe", &[b'a'; MAX_BYTES + 1]] {
            std::fs::write(&path, broken).unwrap();
            let error = read(lookup(&[("MAINSTAY_MASTER_KEY_FILE", &named)])).unwrap_err();
            assert_eq!(error.variable, "MAINSTAY_MASTER_KEY_FILE", "{error}");
        }
        let missing = read(lookup(&[("REDIS_URL_FILE", "/no/such/file")])).unwrap_err();
        assert!(
            missing.variable == "REDIS_URL_FILE" && missing.problem.contains("/no/such/file"),
            "{missing}"
        );
        assert!(read(lookup(&[("MAINSTAY_MASTER_KEY_FILE", "")])).unwrap().is_empty());
        std::fs::remove_file(&path).unwrap();
    }
}
