//! What stands in a file, and what becomes of it.

use mainstay_test_macros::both_databases;
use serde_json::json;

use super::stage::{counts, errors, field, imported, people};
use crate::support::app::TestApp;

#[both_databases]
async fn a_file_becomes_contacts(test: TestApp) {
    for new in [
        json!({ "key": "city", "type": "text", "label": "City" }),
        json!({ "key": "age", "type": "number", "label": "Age" }),
    ] {
        field(&test, new).await;
    }
    let csv = "\u{feff}Mobile;External ID;name;Language;country;time_zone;tags;lists;fields.city;fields.age;Note\r\n\
        '+49 151 23456789;c-1; Inés ;pt-br;de;Europe/Berlin;vip,Gold;news;Köln;034;x\r\n\
        +49 151 23456780;;Ben;;;;\"VIP;\"\"a,b\"\"\";;;;\r\n";
    let query = "mapping=%7B%22mobile%22:%22phone%22%7D&tags=spring&filename=people.csv";
    let import = imported(&test, query, csv).await;
    assert_eq!(counts(&import), [2, 2, 0, 0, 0, 0], "{import}");
    for (member, value) in [
        ("state", json!("completed")),
        ("filename", json!("people.csv")),
        ("delimiter", json!(";")),
        ("encoding", json!("UTF-8")),
        ("total_rows", json!(2)),
        ("ignored_columns", json!(["Note"])),
        ("errors", json!(0)),
        ("dry_run", json!(false)),
        ("preview", json!(null)),
    ] {
        assert_eq!(import[member], value, "{member}");
    }
    assert_eq!(import["columns"][0], json!({ "column": "Mobile", "gives": "phone" }));
    let people = people(&test).await;
    let ines = &people["4915123456789"];
    for (member, value) in [
        ("given_name", json!("Inés")),
        ("external_id", json!("c-1")),
        ("language", json!("pt_BR")),
        ("country", json!("DE")),
        ("time_zone", json!("Europe/Berlin")),
        ("fields", json!({ "city": "Köln", "age": 34 })),
        ("tags", json!(["Gold", "spring", "vip"])),
        ("lists", json!(["news"])),
        ("source", json!("import")),
    ] {
        assert_eq!(ines[member], value, "{member}");
    }
    assert_eq!(people["4915123456780"]["tags"], json!(["a,b", "spring", "vip"]));
    let again = imported(&test, query, csv).await;
    assert_eq!(counts(&again), [2, 0, 0, 2, 0, 0], "{again}");
    assert_eq!(people, super::stage::people(&test).await, "nothing is written twice");
}

#[both_databases]
async fn each_bad_row_is_told_with_its_reason(test: TestApp) {
    let size = json!({ "key": "size", "type": "choice", "label": "Size", "choices": ["S", "M"] });
    field(&test, size).await;
    let long = "x".repeat(300);
    let csv = format!(
        "phone,name,fields.size,country\n\
         +4915123456701,Ann,s,DE\n\
         9.19E+11,Ben,,\n\
         0151 23456702,Cid,,\n\
         +49,Dan,,\n\
         +4915123456703,Eve,XXL,\n\
         +4915123456704,Fay,,Germany\n\
         +4915123456705,{long},,\n\
         ,Gil,,\n\
         +4915123456706,Hal,,,extra\n\
         ,,,\n\
         +4915123456707,Ida,,\n\
         +4915123456707,Ida 2,,\n"
    );
    let import = imported(&test, "", csv).await;
    assert_eq!(counts(&import), [12, 2, 0, 0, 2, 8], "{import}");
    let told = errors(&test, import["id"].as_str().unwrap()).await;
    let shown: Vec<[&str; 3]> = told.iter().map(|it| [it[0].as_str(), &it[1], &it[2]]).collect();
    assert_eq!(
        shown,
        [
            ["3", "phone_scientific", "phone"],
            ["4", "phone_ambiguous_country", "phone"],
            ["5", "phone_invalid", "phone"],
            ["6", "field_choice", "fields.size"],
            ["7", "invalid_value", "country"],
            ["8", "too_long", "name"],
            ["9", "no_identity", ""],
            ["10", "too_many_cells", ""],
            ["11", "blank", ""],
            ["12", "duplicate_in_file", ""],
        ]
    );
    assert_eq!(told[5][3].chars().count(), 100, "values are cut");
    assert_eq!(told[2][3], "'+49", "errors are inert in a spreadsheet");
    assert_eq!(
        people(&test).await["4915123456707"]["given_name"],
        "Ida 2",
        "the last counts"
    );
}

#[both_databases]
async fn another_encoding_is_read_where_it_is_declared(test: TestApp) {
    let csv = b"phone,name\n+4915123456701,Ren\xe9e\n".to_vec();
    let import = imported(&test, "encoding=windows-1252", csv).await;
    assert_eq!(import["encoding"], "windows-1252");
    assert_eq!(people(&test).await["4915123456701"]["given_name"], "Renée");
    let utf_16: Vec<u8> = "\u{feff}phone\tname\n+4915123456701\tJürgen\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let import = imported(&test, "", utf_16).await;
    assert_eq!(counts(&import), [1, 0, 1, 0, 0, 0]);
    assert_eq!(people(&test).await["4915123456701"]["given_name"], "Jürgen");
}

#[both_databases]
async fn numbers_without_plus_are_of_the_country_that_is_named(test: TestApp) {
    let csv = "phone\n0151 23456701\n+91 98765 43210\n";
    let import = imported(&test, "default_country=de", csv).await;
    assert_eq!(counts(&import), [2, 2, 0, 0, 0, 0], "{import}");
    let phones: Vec<String> = people(&test).await.into_keys().collect();
    assert_eq!(phones, ["4915123456701", "919876543210"]);
}

#[both_databases]
async fn the_other_way_to_write_a_number_finds_the_same_contact(test: TestApp) {
    imported(&test, "", "phone,name\n+551187654321,Ana\n").await;
    let import = imported(&test, "", "phone,name\n+55 11 98765-4321,Ana M.\n").await;
    assert_eq!(counts(&import), [1, 0, 1, 0, 0, 0], "{import}");
    let both = imported(&test, "", "phone,name\n+55 11 98765-4321,B\n+551187654321,A\n").await;
    assert_eq!(counts(&both), [2, 0, 1, 0, 1, 0], "they are one: {both}");
    let people = people(&test).await;
    assert_eq!(people.len(), 1);
    assert_eq!(people["551187654321"]["given_name"], "A", "the stored number stays");
}
