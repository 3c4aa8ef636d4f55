//! File names that agree with the file's type.

use super::sniff::essence;
use crate::domain::file_name::{extension, sanitize};

/// Extensions of types that are verified by their bytes; the first is appended to a contradicting name.
const EXTENSIONS: &[(&str, &[&str])] = &[
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
/// Extensions of programs, scripts and pages. Plain text may have any extension but these.
const EXECUTABLE: &[&str] = &[
    "apk", "app", "bat", "cmd", "com", "cpl", "dll", "exe", "hta", "htm", "html", "jar", "js", "jse", "lnk", "mht",
    "mhtml", "msi", "pif", "ps1", "reg", "scr", "sh", "svg", "url", "vbe", "vbs", "wsf", "xhtml",
];

/// Returns the name under which a file is stored, served and sent: sanitised, and with the type's extension appended if its own
/// contradicts. `None` if nothing is left of the name.
pub(crate) fn safe_name(name: &str, mime_type: &str) -> Option<String> {
    let name = sanitize(name)?;
    let kind = essence(mime_type);
    let Some(found) = extension(&name) else {
        return Some(name);
    };
    if kind == "text/plain" {
        let contradicts = EXECUTABLE.contains(&found.as_str());
        return Some(if contradicts { name + ".txt" } else { name });
    }
    let known = EXTENSIONS.iter().find(|(known, _)| *known == kind);
    Some(match known {
        Some((_, extensions)) if !extensions.contains(&found.as_str()) => format!("{name}.{}", extensions[0]),
        _ => name,
    })
}

/// Returns the file name for an upload to Meta, which judges the file by its extension: the name, or `file`, with the type's extension
/// appended if it has another or none.
pub(crate) fn upload_name(name: Option<&str>, mime_type: &str) -> String {
    let name = name.and_then(sanitize).unwrap_or_else(|| "file".to_owned());
    let kind = essence(mime_type);
    let extensions = match kind.as_str() {
        "text/plain" => Some(&["txt"][..]),
        _ => EXTENSIONS
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, extensions)| *extensions),
    };
    let extension = extension(&name);
    match extensions {
        Some(extensions) if !extension.is_some_and(|it| extensions.contains(&it.as_str())) => {
            format!("{name}.{}", extensions[0])
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{safe_name, upload_name};

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
            assert_eq!(upload_name(name, mime_type), expected, "{name:?} of {mime_type}");
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
            assert_eq!(safe_name(name, mime_type).as_deref(), expected, "{name} of {mime_type}");
        }
    }
}
