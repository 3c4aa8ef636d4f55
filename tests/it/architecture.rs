//! The architecture, as far as a machine can hold us to it.

use std::{
    collections::BTreeSet,
    fs,
    iter::Peekable,
    path::{Path, PathBuf},
    str::Chars,
};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every source file of the library and its crates. A path begins at `src/`, and one of a crate with the name that the library gives it:
/// `rate_limit/gcra.rs` is `crates/rate-limit/src/gcra.rs`.
pub fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, place: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let place = place.join(path.file_name().unwrap());
            if path.is_dir() {
                walk(&path, &place, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                found.push((place, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join("src"), Path::new(""), &mut found);
    for name in crates() {
        let folder = Path::new(ROOT).join("crates").join(&name).join("src");
        walk(&folder, Path::new(&name.replace('-', "_")), &mut found);
    }
    assert!(found.len() > 500, "the sources were not found");
    found
}

/// The folders under `crates/`. Each is a crate that stands above every module of the library. Cargo holds that it imports only the crates
/// that its Cargo.toml names, that these make no circle, and that none of them is the library.
fn crates() -> Vec<String> {
    let folders = fs::read_dir(Path::new(ROOT).join("crates")).unwrap();
    folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
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

/// Features, and which others each may import. They meet otherwise through events and records.
pub const FEATURES: &[(&str, &[&str])] = &[
    ("contacts", &[]),
    ("templates", &[]),
    ("webhooks", &[]),
    ("media", &[]),
    ("messaging", &["contacts", "templates", "media"]),
    ("campaigns", &["contacts", "templates", "media", "messaging"]),
    ("inbound", &["contacts", "templates", "media", "messaging"]),
    ("verifications", &["contacts"]),
    ("exports", &["contacts", "campaigns"]),
    ("tenancy", &["templates", "webhooks", "messaging", "inbound"]),
    ("schedule", &[]),
];

/// Where records depend on features: lists of what the features do in the commit of something that is everybody's.
const SEAMS: &[&str] = &["records/events/consumers.rs", "records/contacts/merged_tables.rs"];

/// Who may call the SQL of a feature's tables besides the feature itself. Reading handlers of HTTP and the command line show rows as they are;
/// everybody else has a reason that is named here. None comes on without one.
const STORES: &[(&str, &str)] = &[
    // Deliveries are made in the commit of the events.
    ("records/events/consumers.rs", "webhooks"),
    // A merge of contacts moves the rows of every table that names one.
    ("records/contacts/merged_tables.rs", "contacts"),
    ("records/contacts/merged_tables.rs", "messaging"),
    // A page of a campaign asks for the consent of its recipients, and makes messages and sends of them.
    ("campaigns", "contacts"),
    // The files of a message are checked before the launch.
    ("campaigns", "media"),
    ("campaigns", "messaging"),
    ("campaigns", "templates"),
    // What was received is stored with its media, and what a status says of a send with the send.
    ("inbound", "media"),
    ("inbound", "messaging"),
    // Templates that are suggested for closed windows leave out marketing for those who may not be sent it.
    ("messaging", "contacts"),
    // A refusal by Meta may mean that a template or an upload is no longer good.
    ("messaging", "templates"),
    ("messaging", "media"),
    // A new channel takes over what waited for it; a removed one takes its work along.
    ("tenancy", "inbound"),
    ("tenancy", "messaging"),
    ("tenancy", "templates"),
    ("tenancy", "webhooks"),
    // The rows of exports.
    ("exports", "campaigns"),
    ("exports", "contacts"),
    ("housekeeping", "inbound"),
    ("housekeeping", "messaging"),
    ("http", "campaigns"),
    ("http", "contacts"),
    ("http", "inbound"),
    ("http", "media"),
    ("http", "messaging"),
    ("http", "schedule"),
    ("http", "templates"),
    ("http", "webhooks"),
    ("cli", "campaigns"),
    ("cli", "contacts"),
    ("cli", "inbound"),
    ("cli", "messaging"),
    ("cli", "schedule"),
    ("cli", "webhooks"),
];

/// The modules of `lib.rs` in their order. What it takes from crates (`pub use`) stands above them all.
fn order() -> Vec<String> {
    let map = fs::read_to_string(Path::new(ROOT).join("src/lib.rs")).unwrap();
    map.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_module_imports_only_those_above_it() {
    let order = order();
    let place = |name: &str| {
        order
            .iter()
            .position(|it| *it == name)
            .unwrap_or_else(|| panic!("lib.rs lacks {name}"))
    };
    let mut wrong = Vec::new();
    let crates: Vec<String> = crates().iter().map(|name| name.replace('-', "_")).collect();
    for (path, text) in sources() {
        let module = module(&path);
        let of_a_crate = crates.contains(&module);
        if module == "lib" || of_a_crate || SEAMS.iter().any(|seam| path.ends_with(seam)) {
            continue;
        }
        for used in used_modules(&text) {
            if order.contains(&used) && place(&used) > place(&module) {
                wrong.push(format!(
                    "{} imports {used}, which stands below {module}",
                    path.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_feature_imports_only_the_features_it_is_listed_with() {
    let (mut wrong, mut used_edges) = (Vec::new(), BTreeSet::new());
    for (path, text) in sources() {
        let module = module(&path);
        let Some((feature, allowed)) = FEATURES.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for used in used_modules(&text) {
            if used == module || !FEATURES.iter().any(|(name, _)| *name == used) {
                continue;
            }
            if allowed.contains(&used.as_str()) {
                used_edges.insert((*feature, used));
            } else {
                wrong.push(format!("{} imports {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let listed: usize = FEATURES.iter().map(|(_, allowed)| allowed.len()).sum();
    assert_eq!(
        listed,
        used_edges.len(),
        "an edge is listed that nobody uses: {used_edges:?}"
    );
}

#[test]
fn only_those_listed_call_the_sql_of_a_feature() {
    let (mut wrong, mut used_edges) = (Vec::new(), BTreeSet::new());
    for (path, text) in sources() {
        for (feature, _) in FEATURES {
            let own = module(&path) == *feature;
            if own
                || !imported_paths(&text)
                    .iter()
                    .any(|it| it.starts_with(&format!("{feature}::store")))
            {
                continue;
            }
            let edge = STORES.iter().find(|(user, of)| of == feature && path.starts_with(user));
            match edge {
                Some(edge) => drop(used_edges.insert(edge)),
                None => wrong.push(format!("{} uses {feature}::store", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unused: Vec<_> = STORES.iter().filter(|edge| !used_edges.contains(edge)).collect();
    assert!(unused.is_empty(), "listed and not used: {unused:?}");
}

/// Features that are the same for every provider.
const PROVIDER_NEUTRAL: &[&str] = &["messaging", "inbound"];

#[test]
fn what_is_the_same_for_every_provider_names_none() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !PROVIDER_NEUTRAL.contains(&module(&path).as_str()) {
            continue;
        }
        for used in imported_paths(&text) {
            if used.split("::").any(|step| step == "meta") {
                wrong.push(format!("{} imports {used}", path.display()));
            }
        }
        if text.contains("graph.") || text.contains("GraphClient") {
            wrong.push(format!("{} calls a client of Meta's", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every path imported from the library, or written out, without `crate::`; braces are expanded.
fn imported_paths(text: &str) -> Vec<String> {
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let text: String = code.join(" ");
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        expand(&mut text[at + "crate::".len()..].chars().peekable(), "", &mut found);
    }
    found
}

/// Reads one path or group at the beginning of `rest`; appends the paths it stands for, each begun by `prefix`.
fn expand(rest: &mut Peekable<Chars<'_>>, prefix: &str, found: &mut Vec<String>) {
    if rest.next_if_eq(&'{').is_some() {
        loop {
            while rest.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
            if rest.next_if_eq(&'}').is_some() || rest.peek().is_none() {
                return;
            }
            expand(rest, prefix, found);
            while rest.next_if(|c| *c != ',' && *c != '}').is_some() {}
        }
    }
    let mut path = prefix.to_owned();
    while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || "_*".contains(*c)) {
        path.push(c);
    }
    if rest.next_if_eq(&':').is_some() && rest.next_if_eq(&':').is_some() {
        return expand(rest, &(path + "::"), found);
    }
    found.push(path);
}

#[test]
fn paths_are_found_within_braces() {
    let text = "use crate::{db::{self, Tx}, media::store as media};\nlet it = crate::clock::now();";
    assert_eq!(
        imported_paths(text),
        ["db::self", "db::Tx", "media::store", "clock::now"]
    );
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
        ("redis::", "queue rate_limit doctor"),
        ("aes_gcm", "crypto"),
        ("clap", "config cli process"),
        ("governor", "http"),
        ("object_store", "storage"),
        ("image::", "media"),
        ("infer", "media"),
        ("phonenumber", "phone"),
        ("url::", "egress"),
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
