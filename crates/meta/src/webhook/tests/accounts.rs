//! Events about the account, field by field.

use super::super::{
    AccountDetail, AccountEvent, AccountUpdate, Alert, Capability, Change, PhoneName, PhoneQuality, Restriction,
    Review, Security, TemplateButton, TemplateCategory, TemplateComponents, TemplateQuality, TemplateRef,
    TemplateStatus, UnknownReason,
};
use super::{BUSINESS, at, only_item, reason, some};

const TEMPLATE: &str = "3344556677889900";

#[track_caller]
fn check(fixture: &str, event: &str, subject: Option<&str>, detail: AccountDetail) {
    let item = only_item(fixture);
    assert_eq!(item.path, "/entry/0/changes/0/value");
    assert_eq!(item.time, at(1_790_007_000));
    let Change::Account(account) = item.change else {
        panic!("{:?}", item.change)
    };
    let raw = account.raw.clone();
    assert!(raw.starts_with('{') && raw.ends_with('}'), "{raw}");
    assert_eq!((account.event.name, account.subject.as_deref()), (event, subject));
    assert_eq!(account.detail, detail);
}

fn template() -> TemplateRef {
    TemplateRef {
        id: some(TEMPLATE),
        name: some("abholung"),
        language: some("de"),
    }
}

#[test]
fn templates_change_status() {
    let rejected = TemplateStatus {
        template: template(),
        status: "REJECTED".to_owned(),
        category: some("UTILITY"),
        reason: some("INVALID_FORMAT"),
        explanation: some("A variable stands at the end"),
        title: None,
        disable_date: None,
    };
    let paused = TemplateStatus {
        status: "PAUSED".to_owned(),
        category: None,
        reason: None,
        explanation: some("Paused for 3 hours"),
        title: some("FIRST_PAUSE"),
        disable_date: some("January 3, 2027"),
        ..rejected.clone()
    };
    let event = "template.status_changed";
    check(
        "template_rejected",
        event,
        Some(TEMPLATE),
        AccountDetail::TemplateStatus(rejected),
    );
    check(
        "template_paused",
        event,
        Some(TEMPLATE),
        AccountDetail::TemplateStatus(paused),
    );
    assert_eq!(
        reason(&only_item("template_status_without_a_status")),
        UnknownReason::MissingEssentials
    );
}

#[test]
fn templates_change_quality_category_and_components() {
    let quality = TemplateQuality {
        template: template(),
        previous: some("GREEN"),
        new: "YELLOW".to_owned(),
    };
    let detail = AccountDetail::TemplateQuality(quality);
    check("template_quality", "template.quality_changed", Some(TEMPLATE), detail);

    let category = TemplateCategory {
        template: template(),
        previous: None,
        new: some("UTILITY"),
        correct: some("MARKETING"),
        takes_effect_at: at(1_790_093_400),
    };
    let detail = AccountDetail::TemplateCategory(category);
    check(
        "template_category_announced",
        "template.category_changed",
        Some(TEMPLATE),
        detail,
    );

    let components = TemplateComponents {
        template: template(),
        title: some("Fertig"),
        body: some("Ihr {{1}} ist fertig."),
        footer: some("Töpferei"),
        buttons: vec![TemplateButton {
            kind: some("URL"),
            text: some("Weg"),
            url: some("https://shop.example/weg"),
            phone_number: None,
        }],
    };
    let detail = AccountDetail::TemplateComponents(components);
    check(
        "template_components",
        "template.components_changed",
        Some(TEMPLATE),
        detail,
    );
}

#[test]
fn numbers_change_quality_name_and_pin() {
    let quality = PhoneQuality {
        display_phone_number: some(BUSINESS),
        event: "THROUGHPUT_UPGRADE".to_owned(),
        current_limit: some("TIER_UNLIMITED"),
        old_limit: some("TIER_10K"),
        max_daily_conversations: some("TIER_UNLIMITED"),
    };
    check(
        "phone_quality",
        "channel.quality_changed",
        Some(BUSINESS),
        AccountDetail::PhoneQuality(quality),
    );
    assert_eq!(
        only_item("phone_quality").display_phone_number.as_deref(),
        Some(BUSINESS)
    );

    let name = PhoneName {
        display_phone_number: some(BUSINESS),
        decision: "REJECTED".to_owned(),
        requested_name: some("Krugwerk"),
        rejection_reason: some("NAME_NOT_CONSISTENT"),
    };
    check(
        "phone_name",
        "channel.name_changed",
        Some(BUSINESS),
        AccountDetail::PhoneName(name),
    );

    let security = Security {
        display_phone_number: some(BUSINESS),
        event: "PIN_RESET_REQUEST".to_owned(),
        requester: some("61550000001"),
    };
    check(
        "security_pin",
        "security.event",
        Some(BUSINESS),
        AccountDetail::Security(security),
    );
}

#[test]
fn accounts_are_banned_restricted_and_handed_over() {
    let banned = AccountUpdate {
        event: "DISABLED_UPDATE".to_owned(),
        waba_id: None,
        owner_business_id: None,
        phone_number: None,
        ban_state: some("SCHEDULE_FOR_DISABLE"),
        ban_date: some("January 3, 2027"),
        violation_type: None,
        restrictions: Vec::new(),
    };
    let restriction = |kind, expires_at, remediation| Restriction {
        kind: some(kind),
        expires_at,
        remediation,
    };
    let restricted = AccountUpdate {
        event: "ACCOUNT_RESTRICTION".to_owned(),
        phone_number: some(BUSINESS),
        ban_state: None,
        ban_date: None,
        violation_type: some("SCAM"),
        restrictions: vec![
            restriction("RESTRICTED_BIZ_INITIATED_MESSAGING", at(1_790_612_000), None),
            restriction("RESTRICTED_ADD_PHONE_NUMBER_ACTION", None, some("Wait")),
        ],
        ..banned.clone()
    };
    let removed = AccountUpdate {
        event: "PARTNER_REMOVED".to_owned(),
        waba_id: some("318400917755201"),
        owner_business_id: some("42004200"),
        ban_state: None,
        ban_date: None,
        ..banned.clone()
    };
    check("account_banned", "account.updated", None, AccountDetail::Update(banned));
    check(
        "account_restricted",
        "account.updated",
        Some(BUSINESS),
        AccountDetail::Update(restricted),
    );
    check(
        "account_partner_removed",
        "account.updated",
        Some("318400917755201"),
        AccountDetail::Update(removed),
    );
}

#[test]
fn accounts_are_reviewed_enabled_and_warned() {
    let review = Review {
        decision: "APPROVED".to_owned(),
    };
    check(
        "account_reviewed",
        "account.reviewed",
        None,
        AccountDetail::Review(review),
    );

    let capability = Capability {
        max_daily_conversations_per_phone: None,
        max_daily_conversations_per_business: some("TIER_2K"),
        max_phone_numbers: Some(20),
    };
    check(
        "account_capability",
        "account.capability_changed",
        None,
        AccountDetail::Capability(capability),
    );

    let alert = Alert {
        entity_type: some("BUSINESS"),
        entity_id: some("42004200"),
        severity: some("WARNING"),
        status: some("ACTIVE"),
        kind: "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED".to_owned(),
        description: some("Not yet"),
    };
    check(
        "account_alert",
        "account.alert",
        Some("42004200"),
        AccountDetail::Alert(alert),
    );

    let old_style = Alert {
        entity_type: some("PHONE_NUMBER"),
        entity_id: some("271828182845904"),
        severity: some("INFORMATIONAL"),
        status: some("NONE"),
        kind: "OBA_APPROVED".to_owned(),
        description: None,
    };
    check(
        "account_alert_old_style",
        "account.alert",
        Some("271828182845904"),
        AccountDetail::Alert(old_style),
    );
}

#[test]
fn other_fields_are_passed_on_whole() {
    // A flow's `errors` are figures inside one event, not events.
    check("flow_status", "meta_flow.event", Some("660077"), AccountDetail::Other);
    check(
        "partner_solution",
        "meta.partner_solutions",
        Some("774400"),
        AccountDetail::Other,
    );
    let Change::Account(AccountEvent { raw, .. }) = only_item("flow_status").change else {
        panic!("no account event")
    };
    assert!(raw.contains("TIMEOUT"), "{raw}");
}
