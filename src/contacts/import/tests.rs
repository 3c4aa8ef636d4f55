//! Tests of how files are read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    columns::{ColumnTarget, MappedColumns, MappingError, map_columns},
    read_row::{ImportedRow, JudgedRow, RowRules, read_row},
    row_error::RowErrorCode,
    rows::{CsvFormat, MAX_ROW_BYTES, RawRow, RowReader, RowTooLong},
    sniff::{DeclaredFormat, FormatError, SniffedFile, sniff},
};

/// Reads a file from this byte on, in pieces of this length.
fn rows_from(file: &[u8], format: CsvFormat, offset: u64, piece: usize) -> Vec<RawRow> {
    let mut reader = RowReader::new(format, offset);
    let mut rows = Vec::new();
    let from = usize::try_from(offset).expect("a short file");
    for piece in file[from..].chunks(piece) {
        reader.push(piece);
        while let Some(row) = reader.next_row().expect("short rows") {
            rows.push(row);
        }
    }
    reader.end();
    while let Some(row) = reader.next_row().expect("short rows") {
        rows.push(row);
    }
    rows
}

fn sniffed(file: &[u8]) -> SniffedFile {
    sniff(file, true, &DeclaredFormat::default()).expect("it is CSV")
}

fn texts(rows: &[RawRow], format: CsvFormat) -> Vec<Vec<String>> {
    let decoded = |cell: &[u8]| format.encoding.decode(cell).expect("it is text");
    rows.iter().map(|row| row.cells().map(decoded).collect()).collect()
}

fn utf_16(text: &str, little: bool) -> Vec<u8> {
    let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
    let marked = std::iter::once(0xfeff).chain(text.encode_utf16());
    marked.flat_map(bytes).collect()
}

const FILE: &str = "phone;name;fields.city\r\n+491\u{fc};\"A; \"\"B\"\"\r\nC\";Köln\n\n+2;D\u{1f600};\n+3;;Ulm";

#[test]
fn delimiter_header_and_encoding_are_found_out() {
    for file in [FILE.as_bytes().to_vec(), utf_16(FILE, true), utf_16(FILE, false)] {
        let found = sniffed(&file);
        assert_eq!((found.format.delimiter, found.has_header), (b';', true));
        assert_eq!(found.columns, ["phone", "name", "fields.city"]);
        let rows = rows_from(&file, found.format, found.data_at, 7);
        assert_eq!(
            texts(&rows, found.format),
            [
                vec!["+491ü", "A; \"B\"\r\nC", "Köln"],
                vec!["+2", "D\u{1f600}", ""],
                vec!["+3", "", "Ulm"]
            ]
        );
        assert_eq!(rows.last().map(|row| row.ends_at), Some(file.len() as u64));
    }
    for (file, delimiter) in [
        ("a\tb\n1\t2,3", b'\t'),
        ("a|b\n1|2", b'|'),
        ("phone\n+49", b','),
        ("name,phone\n\"x;y;z\",1\n\"p;q\",2", b','),
    ] {
        assert_eq!(sniffed(file.as_bytes()).format.delimiter, delimiter, "{file}");
    }
    let bare = sniffed(b"+49 171 1234567,Ann\n+49 171 1234568,Ben");
    assert_eq!((bare.has_header, bare.data_at), (false, 0));
    assert_eq!(bare.columns, ["1", "2"]);
    let declared = DeclaredFormat {
        encoding: Some("windows-1252".to_owned()),
        ..DeclaredFormat::default()
    };
    let western = sniff(b"name,phone\nJos\xe9,1", true, &declared).expect("it is CSV");
    let rows = rows_from(b"name,phone\nJos\xe9,1", western.format, western.data_at, 100);
    assert_eq!(texts(&rows, western.format), [["José", "1"]]);
}

#[test]
fn what_is_no_csv_is_refused_with_the_reason() {
    let refused = |file: &[u8]| sniff(file, true, &DeclaredFormat::default()).expect_err("it is no CSV");
    assert_eq!(refused(b""), FormatError::Empty);
    assert_eq!(refused(b" \r\n\n"), FormatError::Empty);
    assert_eq!(refused(b"PK\x03\x04..."), FormatError::Archive);
    assert_eq!(refused(b"name\nJos\xe9\n"), FormatError::NotText("UTF-8"));
    assert_eq!(refused(b"n\0a\0m\0e\0\n\0"), FormatError::NotText("UTF-8"));
    assert_eq!(refused(",".repeat(600).as_bytes()), FormatError::TooManyColumns);
    let cut = sniff(b"name,pho", false, &DeclaredFormat::default());
    assert_eq!(cut, Err(FormatError::HeaderTooLong));
    let declared = |encoding: &str, delimiter| DeclaredFormat {
        encoding: Some(encoding.to_owned()),
        delimiter,
        header: None,
    };
    let wrong = |declared| sniff(b"a,b", true, &declared).expect_err("it cannot be");
    assert_eq!(
        wrong(declared("klingon", None)),
        FormatError::UnknownEncoding("klingon".to_owned())
    );
    assert_eq!(wrong(declared("utf-8", Some('x'))), FormatError::UnknownDelimiter);
    assert_eq!(wrong(declared("gbk", Some('|'))), FormatError::HiddenPipes("GBK"));
}

#[test]
fn a_quote_that_is_never_closed_does_not_take_all_memory() {
    let format = sniffed(b"a,b\n1,2").format;
    let mut reader = RowReader::new(format, 0);
    let mut read = 0;
    let error = loop {
        reader.push(&[b'"'; 1][..]);
        reader.push(&vec![b'x'; 100_000]);
        read += 100_001;
        if let Err(error) = reader.next_row() {
            break error;
        }
        assert!(read < 4 * MAX_ROW_BYTES, "it reads on");
    };
    assert_eq!(error, RowTooLong);
}

fn mapped(columns: &[&str], mapping: &[(&str, &str)]) -> Result<MappedColumns, MappingError> {
    let columns: Vec<String> = columns.iter().map(|it| (*it).to_owned()).collect();
    let mapping: BTreeMap<String, String> = mapping
        .iter()
        .map(|(column, target)| ((*column).to_owned(), (*target).to_owned()))
        .collect();
    map_columns(&columns, &mapping, |key| key == "city")
}

#[test]
fn columns_map_themselves_or_as_the_caller_says() {
    let found = mapped(
        &["Phone", "External ID", "NAME", "Fields.City", "fields.other", "Note"],
        &[],
    );
    let found = found.expect("they are mapped");
    let targets: Vec<ColumnTarget> = found.used.iter().map(|it| it.target.clone()).collect();
    let city = ColumnTarget::Field("city".to_owned());
    assert_eq!(
        targets,
        [
            ColumnTarget::Phone,
            ColumnTarget::ExternalId,
            ColumnTarget::Name,
            city.clone()
        ]
    );
    assert_eq!(found.ignored, ["fields.other", "Note"]);
    let found = mapped(
        &["Handy", "Ort", "name"],
        &[("handy", "phone"), ("Ort", "fields.city"), ("name", "ignore")],
    );
    let found = found.expect("they are mapped");
    assert_eq!(found.used[1].target, city);
    assert_eq!(found.ignored, ["name"]);
    let twice = MappingError::Twice {
        first: "phone".to_owned(),
        second: "Tel".to_owned(),
    };
    for (columns, mapping, error) in [
        (&["phone", "Tel"][..], &[("Tel", "phone")][..], twice),
        (&["name"], &[], MappingError::NoIdentity),
        (&["phone"], &[("x", "name")], MappingError::NoSuchColumn("x".to_owned())),
        (
            &["phone", "x"],
            &[("x", "fields.age")],
            MappingError::UnknownField("age".to_owned()),
        ),
    ] {
        assert_eq!(mapped(columns, mapping), Err(error));
    }
    assert!(matches!(
        mapped(&["phone"], &[("phone", "handy")]),
        Err(MappingError::UnknownTarget { .. })
    ));
    assert!(
        mapped(&["phone", "tag", "tags"], &[]).is_ok(),
        "names may come from several columns"
    );
}

fn phone(text: &str) -> Result<String, RowErrorCode> {
    match text.strip_prefix('+') {
        Some(digits) if digits.len() >= 3 => Ok(digits.to_owned()),
        Some(_) => Err(RowErrorCode::PhoneInvalid),
        None => Err(RowErrorCode::PhoneAmbiguousCountry),
    }
}

fn number(_: &str, text: &str) -> Result<String, RowErrorCode> {
    text.parse::<i64>()
        .map(|n| n.to_string())
        .map_err(|_| RowErrorCode::FieldType)
}

fn judged(line: &[u8], drops_bad_cells: bool) -> JudgedRow {
    let found = sniffed(b"phone,name,tags,fields.city\n1,2,3,4");
    let columns = mapped(&["phone", "name", "tags", "fields.city"], &[]).expect("they are mapped");
    let rows = rows_from(line, found.format, 0, 1_000);
    let rules = RowRules {
        encoding: found.format.encoding,
        columns: &columns.used,
        width: 4,
        phone: &phone,
        field: &number,
        locale: &|_, text| Ok(text.to_owned()),
        drops_bad_cells,
    };
    read_row(&rows[0], 2, &rules)
}

fn codes(judged: &JudgedRow) -> Vec<&'static str> {
    judged.errors.iter().map(|it| it.code.as_str()).collect()
}

#[test]
fn cells_become_a_row_or_errors() {
    let good = judged(b" '+491 , Ann ,\"vip;\"\"x,y\"\"\",7", false);
    let row = ImportedRow {
        row: 2,
        phone: Some("491".to_owned()),
        name: Some("Ann".to_owned()),
        tags: vec!["vip".to_owned(), "x,y".to_owned()],
        fields: vec![("city".to_owned(), "7".to_owned())],
        ..ImportedRow::default()
    };
    assert_eq!((good.row, codes(&judged(b"'+491,,,", false))), (None, vec![]));
    assert_eq!(
        judged(b"'+491, Ann ,\"vip;\"\"x,y\"\"\",7,, ", false).row,
        Some(row.clone())
    );
    assert_eq!(codes(&judged(b"491,Ann,,", false)), ["phone_ambiguous_country"]);
    assert_eq!(codes(&judged(b"+491,Ann,,,5", false)), ["too_many_cells"]);
    assert_eq!(codes(&judged(b",Ann,,", false)), ["no_identity"]);
    assert_eq!(codes(&judged(b"+491,J\xe9,,x", false)), ["not_text", "field_type"]);
    let long = format!("+491,{},,", "x".repeat(201));
    let too_long = judged(long.as_bytes(), false);
    assert_eq!((too_long.row.is_none(), codes(&too_long)), (true, vec!["too_long"]));
    assert_eq!(too_long.errors[0].value.len(), 100);
    let dropped = judged(b"+491,Ann,,x", true);
    assert_eq!(codes(&dropped), ["field_type"]);
    assert_eq!(dropped.row.map(|it| it.fields), Some(vec![]));
    assert!(judged(b"+4,Ann,,", true).row.is_none(), "an identity is not dropped");
}

/// Bytes that are likely to matter.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let likely = prop::sample::select(b"\"\",;\t|\r\n\n'+=0123456789aZ \xff\xfe\0\xc3\xa9\xf0".to_vec());
    prop::collection::vec(prop_oneof![4 => likely, 1 => any::<u8>()], 0..400)
}

#[test]
fn a_file_that_is_cut_within_a_character_ends_where_it_ends() {
    let mut file = utf_16("a,b\n1,2\n3,4", false);
    file.pop();
    let declared = DeclaredFormat {
        delimiter: Some(','),
        header: Some(true),
        encoding: None,
    };
    let found = sniff(&file, true, &declared).expect("it is CSV");
    let rows = rows_from(&file, found.format, found.data_at, 7);
    assert_eq!((rows.len(), rows[1].ends_at), (2, file.len() as u64));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_no_pieces_make_a_difference(file in bytes(), piece in 1..50_usize) {
        let Ok(found) = sniff(&file, true, &DeclaredFormat::default()) else { return Ok(()) };
        let whole = rows_from(&file, found.format, found.data_at, file.len().max(1));
        prop_assert_eq!(&whole, &rows_from(&file, found.format, found.data_at, piece));
        for row in &whole {
            drop(judged(row.cell(0).unwrap_or_default(), true));
            let _ = read_row(row, 1, &RowRules {
                encoding: found.format.encoding,
                columns: &[],
                width: found.columns.len(),
                phone: &phone,
                field: &number,
                locale: &|_, text| Ok(text.to_owned()),
                drops_bad_cells: true,
            });
        }
    }

    #[test]
    fn reading_goes_on_where_any_row_ended(
        cells in prop::collection::vec(prop::collection::vec("[a-z\u{e9}\u{1f600}\",;\n\r ]{0,6}", 3), 1..20),
        little in any::<bool>(),
        wide in any::<bool>(),
    ) {
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let lines: Vec<String> = cells.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",")).collect();
        let text = format!("a,b,c\n{}\n", lines.join("\r\n"));
        let file = if wide { utf_16(&text, little) } else { text.into_bytes() };
        let declared = DeclaredFormat { delimiter: Some(','), header: Some(true), encoding: None };
        let found = sniff(&file, true, &declared).expect("it is CSV");
        let whole = rows_from(&file, found.format, found.data_at, 64);
        prop_assert_eq!(texts(&whole, found.format), cells);
        for (at, row) in whole.iter().enumerate() {
            let rest = rows_from(&file, found.format, row.ends_at, 64);
            prop_assert_eq!(&rest[..], &whole[at + 1..]);
        }
    }
}
