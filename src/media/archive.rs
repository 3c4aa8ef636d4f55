//! Detects the document type of a zip archive by its first entries.

const LOCAL_HEADER: &[u8] = b"PK\x03\x04";
/// Length of a local file header before the name (APPNOTE 4.3.7).
const HEADER: usize = 30;
/// Flag: sizes follow the data instead of standing in the header.
const STREAMED: u16 = 1 << 3;

/// Folders of the three formats of Office Open XML (ECMA-376).
const OFFICE: [(&str, &str); 3] = [
    (
        "word/",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    (
        "xl/",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    (
        "ppt/",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
];
/// Types of OpenDocument, as its first entry names them (ISO/IEC 26300-3 §3.3).
const OPEN_DOCUMENT: [&str; 4] = [
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/vnd.oasis.opendocument.graphics",
];

/// Returns the MIME type of the document that begins with these bytes; `None` for other archives and other files.
pub fn document(head: &[u8]) -> Option<&'static str> {
    if !head.starts_with(LOCAL_HEADER) {
        return None;
    }
    let (mut at, mut has_parts, mut found) = (0, false, None);
    while let Some(entry) = Entry::at(&head[at..]) {
        if at == 0 && entry.name == b"mimetype" {
            return OPEN_DOCUMENT.into_iter().find(|known| entry.data == known.as_bytes());
        }
        // Every OOXML package has both; a folder `word/` alone does not make one.
        has_parts |= matches!(entry.name, b"[Content_Types].xml" | b"_rels/.rels");
        let of = |(folder, _): &(&str, &str)| entry.name.starts_with(folder.as_bytes());
        found = found.or_else(|| OFFICE.into_iter().find(of));
        if let Some((_, mime_type)) = found.filter(|_| has_parts) {
            return Some(mime_type);
        }
        at += entry.length;
    }
    None
}

struct Entry<'b> {
    name: &'b [u8],
    /// Stored bytes as far as available; empty if the length is unknown.
    data: &'b [u8],
    /// Bytes to the next entry.
    length: usize,
}

impl<'b> Entry<'b> {
    /// Parses the entry at the start of `bytes`; `None` if there is none or its name is incomplete.
    fn at(bytes: &'b [u8]) -> Option<Self> {
        let number = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
        if !bytes.starts_with(LOCAL_HEADER) {
            return None;
        }
        let flags = number(6)?;
        let size = u32::from_le_bytes(bytes.get(18..22)?.try_into().ok()?) as usize;
        let data_at = HEADER + number(26)? + number(28)?;
        let name = bytes.get(HEADER..HEADER + number(26)?)?;
        let rest = bytes.get(data_at..).unwrap_or_default();
        if flags & usize::from(STREAMED) == 0 {
            let data = &rest[..size.min(rest.len())];
            // The next entry is beyond the available bytes.
            return Some(Self {
                name,
                data,
                length: (data_at + size).min(bytes.len()),
            });
        }
        let next = rest.windows(LOCAL_HEADER.len()).position(|it| it == LOCAL_HEADER);
        Some(Self {
            name,
            data: &[],
            length: next.map_or(bytes.len(), |next| data_at + next),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, data: &[u8], streamed: bool) -> Vec<u8> {
        let mut bytes = LOCAL_HEADER.to_vec();
        let (flags, size) = if streamed {
            (STREAMED, 0)
        } else {
            (0, data.len() as u32)
        };
        bytes.extend([20, 0]);
        bytes.extend(flags.to_le_bytes());
        bytes.extend([0; 10]);
        bytes.extend(size.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(name.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn archive(names: &[&str], streamed: bool) -> Vec<u8> {
        names
            .iter()
            .flat_map(|name| entry(name, b"some bytes", streamed))
            .collect()
    }

    #[test]
    fn documents_are_known_by_their_entries() {
        let [word, sheet, slides] = OFFICE.map(|(_, mime_type)| mime_type);
        for streamed in [false, true] {
            for (names, expected) in [
                (
                    &["[Content_Types].xml", "_rels/.rels", "word/document.xml"][..],
                    Some(word),
                ),
                (&["_rels/.rels", "docProps/app.xml", "xl/workbook.xml"], Some(sheet)),
                (&["ppt/presentation.xml", "[Content_Types].xml"], Some(slides)),
                (&["word/letter.txt", "xl/table.csv"], None),
                (&["a.txt", "b.txt"], None),
            ] {
                assert_eq!(
                    document(&archive(names, streamed)),
                    expected,
                    "{names:?}, streamed: {streamed}"
                );
            }
        }
        for mime_type in OPEN_DOCUMENT {
            let bytes = [
                entry("mimetype", mime_type.as_bytes(), false),
                archive(&["content.xml"], false),
            ]
            .concat();
            assert_eq!(document(&bytes), Some(mime_type));
        }
        assert_eq!(document(&entry("mimetype", b"application/epub+zip", false)), None);
        assert_eq!(document(b"%PDF-1.7"), None);
    }

    #[test]
    fn an_archive_that_is_cut_off_or_lies_of_its_lengths_harms_nothing() {
        let whole = archive(&["[Content_Types].xml", "word/document.xml"], false);
        for end in 0..whole.len() {
            let _ = document(&whole[..end]);
        }
        let mut lying = whole.clone();
        lying[18..22].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(document(&lying), None);
        lying[26..28].copy_from_slice(&u16::MAX.to_le_bytes());
        assert_eq!(document(&lying), None);
        // An archive within the archive, stored as it is, is not looked into.
        let inner = entry("inner.zip", &whole, false);
        assert_eq!(document(&inner), None);
    }
}
