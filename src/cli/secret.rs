//! Secrets on the command line.

use std::io::BufRead;

use anyhow::ensure;

use crate::config::Secret;

/// Reads a secret given on the command line: `-` stands for the next line of standard input, which keeps it out of the shell's history.
pub fn read(what: &str, given: &str, input: &mut dyn BufRead) -> anyhow::Result<Secret> {
    if given != "-" {
        return Ok(Secret::new(given));
    }
    let mut line = String::new();
    input.read_line(&mut line)?;
    let secret = Secret::new(line.trim());
    zeroize::Zeroize::zeroize(&mut line);
    ensure!(!secret.expose().is_empty(), "{what}: standard input is empty");
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_reads_one_line_and_anything_else_is_the_secret() {
        let mut input = &b"token\r\nsecret\n"[..];
        assert_eq!(read("a", "-", &mut input).unwrap().expose(), "token");
        assert_eq!(read("b", "as given", &mut input).unwrap().expose(), "as given");
        assert_eq!(read("c", "-", &mut input).unwrap().expose(), "secret");
        assert!(read("d", "-", &mut input).is_err());
    }
}
