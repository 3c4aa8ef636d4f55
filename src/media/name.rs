use super::sniff::essence;
use crate::domain::file_name::{ending, tidy};

/// Endings that go with a type whose bytes were looked at; the first is put where another stands.
const ENDINGS: &[(&str, &[&str])] = &[
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif"]),
    ("image/png", &["png", "apng"]),
    ("image/webp", &["webp"]),
    ("image/gif", &["gif"]),
    ("video/mp4", &["mp4", "m4v", "mov"]),
    ("video/3gpp", &["3gp", "3gpp"]),
    ("audio/aac", &["aac"]),
    ("audio/amr", &["amr"]),
    ("audio/mpeg", &["mp3", "mpga", "mp2"]),
    ("audio/mp4", &["m4a", "mp4", "m4b", "aac"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("application/pdf", &["pdf"]),
    ("application/msword", &["doc", "dot"]),
    ("application/vnd.ms-excel", &["xls", "xlt"]),
    ("application/vnd.ms-powerpoint", &["ppt", "pps", "pot"]),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx", "ppsx"],
    ),
    ("application/zip", &["zip"]),
];
/// Endings that make a program, a script or a page of a file that is opened. Plain text has many endings, and none of these.
const ACTIVE: &[&str] = &[
    "apk", "app", "bat", "cmd", "com", "cpl", "dll", "exe", "hta", "htm", "html", "jar", "js", "jse", "lnk", "mht",
    "mhtml", "msi", "pif", "ps1", "reg", "scr", "sh", "svg", "url", "vbe", "vbs", "wsf", "xhtml",
];

/// The name under which a file of a type is kept, served and given to Meta: tidied, and where its ending contradicts the type, with one that
/// goes with it behind. `None` where nothing is left of the name.
pub fn named(name: &str, mime_type: &str) -> Option<String> {
    let name = tidy(name)?;
    let kind = essence(mime_type);
    let Some(found) = ending(&name) else { return Some(name) };
    if kind == "text/plain" {
        let contradicts = ACTIVE.contains(&found.as_str());
        return Some(if contradicts { name + ".txt" } else { name });
    }
    let known = ENDINGS.iter().find(|(known, _)| *known == kind);
    Some(match known {
        Some((_, endings)) if !endings.contains(&found.as_str()) => format!("{name}.{}", endings[0]),
        _ => name,
    })
}

/// The name of a file's part in an upload to Meta, which judges the bytes by its ending: `name`, or `file`, and behind it the ending of the
/// type where it has another or none.
pub fn uploaded(name: Option<&str>, mime_type: &str) -> String {
    let name = name.and_then(tidy).unwrap_or_else(|| "file".to_owned());
    let kind = essence(mime_type);
    let endings = match kind.as_str() {
        "text/plain" => Some(&["txt"][..]),
        _ => ENDINGS
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, endings)| *endings),
    };
    let ending = ending(&name);
    match endings {
        Some(endings) if !ending.is_some_and(|it| endings.contains(&it.as_str())) => format!("{name}.{}", endings[0]),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{named, uploaded};

    #[test]
    fn the_name_of_an_upload_ends_as_its_type_does() {
        for (name, mime_type, expected) in [
            (Some("voice-note.mp4"), "audio/ogg; codecs=opus", "voice-note.mp4.ogg"),
            (Some("blob"), "audio/ogg", "blob.ogg"),
            (None, "image/jpeg", "file.jpg"),
            (Some("photo.jpeg"), "image/jpeg", "photo.jpeg"),
            (Some("voice.opus"), "audio/ogg", "voice.opus"),
            (Some("notes.md"), "text/plain", "notes.md.txt"),
            (Some(".."), "application/pdf", "file.pdf"),
            (Some("Angebot Nr. 12"), "application/pdf", "Angebot Nr. 12.pdf"),
            (Some("plan.dwg"), "application/octet-stream", "plan.dwg"),
        ] {
            assert_eq!(uploaded(name, mime_type), expected, "{name:?} of {mime_type}");
        }
    }

    #[test]
    fn an_ending_that_contradicts_the_type_is_followed_by_one_that_does_not() {
        for (name, mime_type, expected) in [
            ("invoice.pdf", "application/pdf", Some("invoice.pdf")),
            ("INVOICE.PDF", "application/pdf", Some("INVOICE.PDF")),
            ("invoice.exe", "application/pdf", Some("invoice.exe.pdf")),
            ("photo.jpeg", "image/jpeg", Some("photo.jpeg")),
            ("photo.html", "image/jpeg; q=1", Some("photo.html.jpg")),
            ("invoice", "application/pdf", Some("invoice")),
            ("Angebot Nr. 12", "application/pdf", Some("Angebot Nr. 12")),
            ("notes.md", "text/plain", Some("notes.md")),
            ("notes.html", "text/plain", Some("notes.html.txt")),
            ("plan.dwg", "application/octet-stream", Some("plan.dwg")),
            ("..", "image/png", None),
            ("a\u{202e}gnp.exe", "image/png", Some("agnp.exe.png")),
        ] {
            assert_eq!(named(name, mime_type).as_deref(), expected, "{name} of {mime_type}");
        }
    }
}
