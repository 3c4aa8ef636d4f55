//! The text of cells.

use unicode_normalization::{IsNormalized, is_nfc_quick};

use crate::contacts::text::clean;

/// Beginnings of cells that spreadsheet programs take for formulas.
const FORMULA_BEGINNINGS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// What an export puts before such a cell.
const ESCAPE: char = '\'';

/// Returns the text of a cell as it is stored, without the `'` of an export. `None` if it has a NUL.
pub(crate) fn clean_cell(cell: &str) -> Option<String> {
    if cell.contains('\0') {
        return None;
    }
    let cell = if is_escaped(cell) { &cell[1..] } else { cell };
    let trimmed = cell.trim();
    let is_kept = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if is_nfc_quick(trimmed.chars()) == IsNormalized::Yes && trimmed.chars().all(is_kept) {
        return Some(trimmed.to_owned());
    }
    Some(clean(trimmed))
}

/// Returns a cell for an export, made inert for spreadsheet programs: with a `'` if it begins like a formula. So does one that begins with
/// `'` and then like a formula, or an import would take away what was there before.
pub(crate) fn escape_cell(cell: &str) -> Option<String> {
    let is_formula = cell.trim_start_matches(ESCAPE).starts_with(FORMULA_BEGINNINGS);
    is_formula.then(|| format!("{ESCAPE}{cell}"))
}

fn is_escaped(cell: &str) -> bool {
    cell.starts_with(ESCAPE) && cell.trim_start_matches(ESCAPE).starts_with(FORMULA_BEGINNINGS)
}

/// Splits a cell with several names: parted by commas or semicolons, in double quotes if a name has one of these.
pub(crate) fn split_names(cell: &str) -> Vec<String> {
    let (mut names, mut name, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = cell.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                name.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if name.trim().is_empty() => {
                name.clear();
                quoted = true;
            }
            ',' | ';' if !quoted => names.push(std::mem::take(&mut name)),
            _ => name.push(c),
        }
    }
    names.push(name);
    let trimmed = names.iter().map(|name| name.trim().to_owned());
    trimmed.filter(|name| !name.is_empty()).collect()
}

/// Joins names so that [`split_names`] finds them again.
pub(crate) fn join_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quote = |name: &str| {
        if name.contains([',', ';', '"']) {
            format!("\"{}\"", name.replace('"', "\"\""))
        } else {
            name.to_owned()
        }
    };
    names.into_iter().map(quote).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_trimmed_composed_and_rid_of_control_characters() {
        for (cell, clean) in [
            ("  Ann ", "Ann"),
            ("Jose\u{301}", "José"),
            ("a\u{7}b\u{200b}", "ab\u{200b}"),
            ("two\nlines\there", "two\nlines\there"),
            ("\u{1}", ""),
            (" \u{1} x", "x"),
        ] {
            assert_eq!(clean_cell(cell).as_deref(), Some(clean), "{cell:?}");
        }
        assert_eq!(clean_cell("a\0b"), None);
    }

    #[test]
    fn what_an_export_escapes_an_import_finds_again() {
        for cell in ["=1+1", "+49", "-1", "@x", "'=1", "''+1", "'tis", "plain", "", "'"] {
            let escaped = escape_cell(cell).unwrap_or_else(|| cell.to_owned());
            assert!(!escaped.starts_with(['=', '+', '-', '@']), "{escaped} is a formula");
            assert_eq!(clean_cell(&escaped).as_deref(), Some(cell), "{escaped}");
        }
        assert_eq!(escape_cell("\tx").as_deref(), Some("'\tx"));
        assert_eq!(escape_cell("'tis"), None);
    }

    #[test]
    fn names_in_a_cell_are_split_and_joined() {
        for (cell, names) in [
            ("vip", &["vip"][..]),
            (" vip, new ;gold,,", &["vip", "new", "gold"]),
            (r#""a,b",c"#, &["a,b", "c"]),
            (r#""say ""hi""",x"#, &[r#"say "hi""#, "x"]),
            (r#"6" pipe"#, &[r#"6" pipe"#]),
            ("", &[]),
        ] {
            assert_eq!(split_names(cell), names, "{cell}");
            assert_eq!(split_names(&join_names(names.iter().copied())), names, "{cell}");
        }
    }
}
