//! The file `.env` in the working directory: variables that the environment does not have.
//!
//! A line is `NAME=value`, with `export ` before it or not. A value stands in single quotes (as it is), in double quotes (`\n`, `\"`, `\\`),
//! or bare, up to a `#` after a space. Nothing is substituted: `$` is a character. Of a name that stands twice the last line counts.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{ConfigError, Secret, files::SECRETS};

const NAME: &str = ".env";
const CURE: &str = "write NAME=value on each line, quote values with spaces, and begin comments with #";
/// Maximum size of the file.
const MAX_BYTES: u64 = 64 * 1024;
/// The permissions of others than the file's owner to read it.
const READABLE_BY_OTHERS: u32 = 0o044;

/// The variables of a file.
#[derive(Clone, Default)]
pub(crate) struct EnvFile {
    path: PathBuf,
    mode: u32,
    variables: BTreeMap<String, Secret>,
}

impl EnvFile {
    /// Reads the file of the working directory. One that is missing, or that belongs to another user, has no variables. Unit tests read none.
    pub fn read() -> Result<Self, ConfigError> {
        match cfg!(test) {
            true => Ok(Self::default()),
            false => Self::open(Path::new(NAME)),
        }
    }

    fn open(path: &Path) -> Result<Self, ConfigError> {
        let problem = |what: String| ConfigError::new(NAME, what, CURE);
        let metadata = match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata,
            _ => return Ok(Self::default()),
        };
        if metadata.len() > MAX_BYTES {
            return Err(problem(format!("longer than {MAX_BYTES} bytes")));
        }
        let text = match std::fs::read_to_string(path) {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(Self::default()),
            Err(error) => return Err(problem(error.to_string())),
        };
        let variables = parse(&text).map_err(|line| problem(format!("line {line} is not NAME=value")))?;
        Ok(Self {
            path: path.to_owned(),
            mode: metadata.mode(),
            variables,
        })
    }

    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.variables.get(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Returns a warning if others than its owner may read secrets in the file.
    pub fn exposure(&self) -> Option<String> {
        // An address without a user holds no password.
        let is_secret = |value: &str| !value.is_empty() && (!value.contains("://") || value.contains('@'));
        let filled = |name: &&str| self.get(name).is_some_and(|value| is_secret(value.expose()));
        let secrets: Vec<&str> = SECRETS.iter().map(|(name, _)| *name).filter(filled).collect();
        let open = self.mode & READABLE_BY_OTHERS != 0 && !secrets.is_empty();
        open.then(|| {
            let path = self.path.display();
            format!(
                "{path} is readable by other users of this machine and holds {}",
                secrets.join(", ")
            )
        })
    }
}

/// Returns the variables, or the number of a line that is none.
fn parse(text: &str) -> Result<BTreeMap<String, Secret>, usize> {
    let mut found = BTreeMap::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(number)?;
        let name = name.trim();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !name.chars().all(word) || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(number);
        }
        found.insert(name.to_owned(), Secret::new(value_of(value.trim()).ok_or(number)?));
    }
    Ok(found)
}

/// Returns the value that a text stands for; `None` if a quote is open, or something follows it.
fn value_of(text: &str) -> Option<String> {
    let ends = |rest: &str| rest.trim().is_empty() || rest.trim_start().starts_with('#');
    if let Some(quoted) = text.strip_prefix('\'') {
        let (value, rest) = quoted.split_once('\'')?;
        return ends(rest).then(|| value.to_owned());
    }
    let Some(quoted) = text.strip_prefix('"') else {
        let bare = match text.starts_with('#') {
            true => "",
            false => text.split(" #").next().unwrap_or_default(),
        };
        return Some(bare.trim().to_owned());
    };
    let (mut value, mut rest) = (String::new(), quoted.chars());
    loop {
        match rest.next()? {
            '"' => return ends(rest.as_str()).then_some(value),
            '\\' => match rest.next()? {
                'n' => value.push('\n'),
                it @ ('"' | '\\' | '$') => value.push(it),
                it => value.extend(['\\', it]),
            },
            it => value.push(it),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn value(line: &str) -> Result<String, usize> {
        Ok(parse(line)?["A"].expose().to_owned())
    }

    #[test]
    fn a_value_is_what_stands_behind_the_sign_and_nothing_is_put_in_its_place() {
        for (line, expected) in [
            ("A=b", "b"),
            ("  export A = b c  # of it", "b c"),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=b#c", "b#c"),
            ("A=$HOME/${B}", "$HOME/${B}"),
            (r"A='b $c \n' # quoted", r"b $c \n"),
            (r#"A="b \"c\" \\ # \n\$d""#, "b \"c\" \\ # \n$d"),
            ("\u{feff}A=b==\r", "b=="),
            ("A=1\nA=2", "2"),
        ] {
            assert_eq!(value(line).as_deref(), Ok(expected), "{line}");
        }
        for line in ["A", "=b", "1A=b", "A B=c", "A='b", "A=\"b", "A='b'c", "A=\"b\\"] {
            assert_eq!(parse(&format!("# one\n\n{line}")).err(), Some(3), "{line}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_warned_of_if_it_holds_secrets() {
        let path = std::env::temp_dir().join(format!("mainstay-env-{:016x}", rand::random::<u64>()));
        assert_eq!(EnvFile::open(&path).unwrap().names().count(), 0, "there is none yet");
        let written = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            EnvFile::open(&path)
        };
        assert_eq!(
            written("DATABASE_URL=sqlite://a.db\nMAINSTAY_ADMIN_TOKEN=\n", 0o644)
                .unwrap()
                .exposure(),
            None
        );
        assert_eq!(
            written("MAINSTAY_ADMIN_TOKEN=sesame\n", 0o600).unwrap().exposure(),
            None
        );
        let exposed = written("MAINSTAY_ADMIN_TOKEN=sesame\n", 0o640)
            .unwrap()
            .exposure()
            .unwrap();
        assert!(
            exposed.contains("MAINSTAY_ADMIN_TOKEN") && !exposed.contains("sesame"),
            "{exposed}"
        );
        let refusal = written("PORT=1\nsesame\n", 0o600).err().unwrap().to_string();
        assert!(
            refusal.starts_with(".env: line 2") && !refusal.contains("sesame"),
            "{refusal}"
        );
        let long = "#".repeat(MAX_BYTES as usize + 1);
        assert!(written(&long, 0o600).is_err());
        std::fs::remove_file(&path).unwrap();
    }
}
