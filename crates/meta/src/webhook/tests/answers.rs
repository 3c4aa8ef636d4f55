//! Messages about other messages, and about who writes them.

use super::super::{
    ButtonReply, CallPermissionReply, Context, Edit, FlowReply, InboundMediaKind, ListReply, MediaContent,
    MessageContent, OtherInteractive, ReactionContent, Referral, ReferredProduct, Revoke, System, TemplateButtonReply,
};
use super::contents::check;
use super::{at, only_message, some};

#[test]
fn answers_to_interactive_messages_are_read() {
    let button = ButtonReply {
        id: some("pickup-fri"),
        title: some("Freitag"),
    };
    check(
        "message_button_reply",
        "interactive",
        Some("Freitag"),
        MessageContent::ButtonReply(button),
    );
    let list = ListReply {
        id: some("size-l"),
        title: some("Groß"),
        description: some("2 Liter"),
    };
    check(
        "message_list_reply",
        "interactive",
        Some("Groß"),
        MessageContent::ListReply(list),
    );
    let flow = FlowReply {
        name: some("flow"),
        body: some("Sent"),
        response: some(r#"{"flow_token":"order-77","note":"ab"}"#),
        flow_token: some("order-77"),
    };
    check(
        "message_flow_reply",
        "interactive",
        Some("Sent"),
        MessageContent::FlowReply(flow),
    );
    let call = CallPermissionReply {
        response: "accept".to_owned(),
        source: some("user_action"),
        expires_at: at(1_790_604_900),
    };
    check(
        "message_call_permission",
        "interactive",
        None,
        MessageContent::CallPermissionReply(call),
    );
    let other = OtherInteractive {
        kind: "carousel_reply".to_owned(),
    };
    check(
        "message_other_interactive",
        "interactive",
        None,
        MessageContent::OtherInteractive(other),
    );
    let quick = TemplateButtonReply {
        payload: some("stop-reminders"),
        text: some("Keine Erinnerung"),
    };
    check(
        "message_template_button",
        "button",
        Some("Keine Erinnerung"),
        MessageContent::Button(quick),
    );
}

#[test]
fn a_reaction_without_an_emoji_takes_the_earlier_one_back() {
    let reaction = |emoji: Option<&str>| {
        MessageContent::Reaction(ReactionContent {
            target: "wamid.MSASKED==".to_owned(),
            emoji: emoji.map(str::to_owned),
        })
    };
    check("message_reaction", "reaction", Some("👍"), reaction(Some("👍")));
    check("message_reaction_removed", "reaction", None, reaction(None));
}

#[test]
fn edits_and_revocations_name_their_target() {
    let image = MediaContent {
        kind: InboundMediaKind::Image,
        media_id: "7006".to_owned(),
        mime_type: some("image/jpeg"),
        sha256: None,
        url: None,
        caption: some("In Blau"),
        filename: None,
        voice: false,
        animated: false,
    };
    let edit = Edit {
        target: "wamid.MSTEXT==".to_owned(),
        kind: "image".to_owned(),
        text: some("In Blau"),
        content: Box::new(MessageContent::Media(image)),
    };
    check("message_edit", "edit", Some("In Blau"), MessageContent::Edit(edit));
    let revoke = Revoke {
        target: "wamid.MSTEXT==".to_owned(),
    };
    check("message_revoke", "revoke", None, MessageContent::Revoke(revoke));
}

#[test]
fn system_messages_say_who_somebody_has_become() {
    let system = |kind: &str| System {
        kind: kind.to_owned(),
        new_phone: None,
        user_id: None,
        parent_user_id: None,
        previous_user_id: None,
        previous_parent_user_id: None,
        identity_hash: None,
        body: None,
    };
    let body = "User Ines changed from 4915550100777 to 4915550100888";
    let new_number = System {
        new_phone: some("4915550100888"),
        user_id: some("DE.9001"),
        parent_user_id: some("DE.ENT.9"),
        previous_user_id: some("DE.48210077315596"),
        previous_parent_user_id: some("DE.ENT.4"),
        body: some(body),
        ..system("user_changed_number")
    };
    check(
        "system_new_number",
        "system",
        Some(body),
        MessageContent::System(new_number),
    );
    let new_user_id = System {
        user_id: some("DE.9001"),
        previous_user_id: some("DE.48210077315596"),
        body: some("User..."),
        ..system("user_changed_user_id")
    };
    check(
        "system_new_user_id",
        "system",
        Some("User..."),
        MessageContent::System(new_user_id),
    );
    let old_style = System {
        new_phone: some("4915550100888"),
        identity_hash: some("a2V5"),
        ..system("customer_changed_number")
    };
    check("system_old_style", "system", None, MessageContent::System(old_style));
    assert_eq!(only_message("system_old_style").sender.phone, some("4915550100777"));
}

#[test]
fn a_message_knows_what_it_answers_and_where_it_comes_from() {
    let context = |fixture| only_message(fixture).context;
    let from = some("15550100200");
    let asked = Context {
        message_id: some("wamid.MSASKED=="),
        from: from.clone(),
        ..Context::default()
    };
    assert_eq!(context("message_button_reply"), Some(asked));
    let product = Context {
        message_id: some("wamid.MSCAT=="),
        from,
        frequently_forwarded: true,
        referred_product: Some(ReferredProduct {
            catalog_id: some("55001"),
            product_retailer_id: some("krug-gruen"),
        }),
        ..Context::default()
    };
    assert_eq!(context("message_about_product"), Some(product));
    assert_eq!(context("message_text"), None);

    let referral = Referral {
        source_url: some("https://fb.example/ad"),
        source_id: some("880011"),
        source_type: some("ad"),
        headline: some("Krüge"),
        body: some("Jetzt -20 %"),
        media_type: some("video"),
        media_url: some("https://media.example/ad.mp4"),
        thumbnail_url: some("https://media.example/ad.jpg"),
        ctwa_clid: some("ARclick1"),
        welcome_text: some("Schreiben Sie uns"),
    };
    assert_eq!(only_message("message_from_ad").referral, Some(referral));
    assert_eq!(only_message("message_in_group").group_id, some("Z3J1cHBlLTE="));
}
