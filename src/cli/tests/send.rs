//! What `mainstay send` answers and commits.

use super::*;

#[tokio::test]
async fn a_message_is_composed_and_committed_for_a_worker() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    on(&operator, "tenant create Olaria").await;
    let line = "send --tenant Olaria --to +491511234567 --text Hello";
    let error = try_on(&operator, line).await.unwrap_err().to_string();
    assert_eq!(error, "the tenant has 0 channels: name one with --channel");
    on(&operator, ADD).await;
    let error = try_on(&operator, line).await.unwrap_err().to_string();
    assert!(error.contains("only a template may be sent"), "{error}");
    let sent = on(
        &operator,
        &format!("{line} --if-window-closed queue --reference order-1042"),
    )
    .await;
    assert_eq!(sent["status"], "queued");
    let on_row = "SELECT status, created_by, text, reference FROM messages";
    let rows: Vec<(String, String, String, String)> =
        operator.registry.db.reader().sql(on_row, ()).all().await.unwrap();
    let row = ["queued", "operator", "Hello", "order-1042"].map(str::to_owned);
    assert_eq!(rows, [row.into()]);
    for (wrong, says) in [
        ("--to 0151 --text Hello", "to.phone: must be an international number"),
        (
            "--to +491511234567 --message-template none",
            "there is no message template none",
        ),
        (
            r#"--to +491511234567 --payload {"type":"text","text":{}}"#,
            "text.body: is missing",
        ),
    ] {
        let error = try_on(&operator, &format!("send --tenant Olaria {wrong}"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{wrong}: {error}");
    }
}
