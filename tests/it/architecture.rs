//! The architecture, as far as a machine can hold us to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every source file of the library with its path from `src/`.
pub fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(Path::new(ROOT).join("src")).unwrap().to_owned(), text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join("src"), &mut found);
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// The module at the top that a file belongs to.
pub fn module(path: &Path) -> String {
    path.iter()
        .next()
        .unwrap()
        .to_string_lossy()
        .trim_end_matches(".rs")
        .to_owned()
}

#[test]
fn a_module_imports_only_those_above_it() {
    let map = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    let order: Vec<&str> = map
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let place = |name: &str| {
        order
            .iter()
            .position(|it| *it == name)
            .unwrap_or_else(|| panic!("lib.rs lacks {name}"))
    };
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module(&path);
        if module == "lib" {
            continue;
        }
        for used in used_modules(&text) {
            if order.contains(&used.as_str()) && place(&used) > place(&module) {
                wrong.push(format!(
                    "{} imports {used}, which stands below {module}",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules named after `crate::`, also within braces.
fn used_modules(text: &str) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let text = code.join("\n");
    let mut used = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut word, mut begins) = (1, String::new(), true);
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => begins = true,
                    c if depth == 1 && begins && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ if !word.is_empty() => {
                        used.push(std::mem::take(&mut word));
                        begins = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            used.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    used
}

#[test]
fn only_their_homes_know_certain_crates() {
    let homes = [
        ("apalis", "queue"),
        ("redis::", "queue governor doctor"),
        ("aes_gcm", "crypto"),
        ("clap", "config cli process"),
        ("governor", "http"),
        ("object_store", "storage"),
        ("image::", "media"),
        ("infer", "media"),
        ("url::", "net"),
    ];
    for (path, text) in sources() {
        let place = path.to_string_lossy();
        for (name, allowed) in homes {
            let uses = text
                .lines()
                .any(|line| line.trim_start().starts_with("use ") && line.contains(&format!("use {name}")));
            let at_home = allowed.split(' ').any(|home| place.contains(home));
            assert!(!uses || at_home, "{place} uses {name}; that belongs in {allowed}");
        }
    }
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 320)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
