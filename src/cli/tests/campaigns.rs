//! What `mainstay campaign` does.

use super::*;
use crate::{
    campaigns::{self, CampaignAudience, CampaignSpec, CampaignTemplate},
    domain::{ChannelId, Ctx, TenantId},
};

#[tokio::test]
async fn a_campaign_is_listed_shown_stopped_and_exported() {
    let db = Scratch::migrated().await;
    let operator = operator(&db).await;
    let tenant = on(&operator, "tenant create Olaria").await;
    let tenant: TenantId = tenant["id"].as_str().unwrap().parse().unwrap();
    let channel = on(&operator, ADD).await;
    let channel: ChannelId = channel["id"].as_str().unwrap().parse().unwrap();
    let audience: CampaignAudience = serde_json::from_value(json!({ "filter": "name is known" })).unwrap();
    let template = CampaignTemplate {
        name: "offer".to_owned(),
        language: "en_US".to_owned(),
    };
    let spec = CampaignSpec {
        template: Some(template),
        ..CampaignSpec::new(audience, vec![channel])
    };
    let service = operator.campaigns().await.unwrap();
    let draft = campaigns::create(&service, &Ctx::operator(tenant), "Autumn", &spec).await;
    let id = draft.unwrap().id;
    let one = |verb: &str| format!("campaign {verb} --tenant Olaria {id}");
    let listed = on(&operator, "campaign list --tenant Olaria --status draft").await;
    assert_eq!(
        (&listed[0]["id"], &listed[0]["name"]),
        (&json!(id), &json!("Autumn")),
        "{listed}"
    );
    assert_eq!(
        on(&operator, "campaign list --tenant Olaria --status running").await,
        json!([])
    );
    let refused = try_on(&operator, &one("launch")).await.unwrap_err().to_string();
    assert!(refused.contains("never fetched"), "{refused}");
    let refused = try_on(&operator, &one("pause")).await.unwrap_err().to_string();
    assert_eq!(refused, "a campaign that is draft cannot be paused");
    const RUNNING: &str = "UPDATE campaigns SET status = 'running'";
    operator.registry.db.sql(RUNNING, ()).run().await.unwrap();
    let paused = on(&operator, &one("pause")).await;
    assert_eq!(
        (&paused["status"], &paused["reason"], &paused["progress"]["total"]),
        (&json!("paused"), &json!("requested"), &json!(0)),
        "{paused}"
    );
    let resumed = on(&operator, &one("resume")).await;
    assert_eq!(
        (&resumed["status"], &resumed["waiting_for"]),
        (&json!("running"), &json!("nothing")),
        "{resumed}"
    );
    assert_eq!(on(&operator, &one("cancel")).await["status"], "canceling");
    assert_eq!(on(&operator, &one("show")).await["status"], "canceling");
    assert_eq!(on(&operator, &one("report")).await["waves"], json!([]));
    let file = std::env::temp_dir().join(format!("mainstay-export-{:016x}", rand::random::<u64>()));
    for (what, rows) in [("campaign export --tenant Olaria".to_owned(), 1), (one("export"), 0)] {
        let exported = on(&operator, &format!("{what} --output {}", file.display())).await;
        assert_eq!(exported["rows"], rows, "{exported}");
        assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 1 + rows);
    }
    std::fs::remove_file(&file).unwrap();
    let nobody = "campaign show --tenant Olaria cmp_0198aaaabbbb7ccc8dddeeeeffff0001";
    let refused = try_on(&operator, nobody).await.unwrap_err().to_string();
    assert!(refused.contains("there is no campaign cmp_0198"), "{refused}");
}
