//! How customers are named in what they write.

use mainstay_sim::{Manners, Shape};

use crate::bodies::{changes, parse, traffic};

#[test]
fn people_without_a_visible_phone_are_named_by_user_id_alone() {
    let mut traffic = traffic(Manners::polite());
    let place = traffic
        .customers()
        .iter()
        .position(|customer| customer.hides_phone)
        .unwrap();
    for shape in Shape::all().filter(|shape| *shape != Shape::SharedContact) {
        let customer = traffic.customers()[place].clone();
        let webhook = traffic.write(place, shape, None).unwrap();
        let body = parse(&webhook);
        let (_, _, value) = changes(&body).next().unwrap();
        let message = &value["messages"][0];
        assert!(message.get("from").is_none(), "{shape:?} shows a phone");
        assert!(
            value["contacts"]
                .as_array()
                .into_iter()
                .flatten()
                .all(|contact| contact.get("wa_id").is_none())
        );
        assert!(
            !String::from_utf8_lossy(&webhook.body).contains(&customer.wa_id),
            "{shape:?} leaks the phone"
        );
        if message["type"] == "system" {
            assert!(value.get("contacts").is_none());
        } else {
            assert_eq!(message["from_user_id"], customer.user_id);
            assert_eq!(value["contacts"][0]["user_id"], customer.user_id);
        }
    }
}

#[test]
fn people_who_show_their_phone_are_named_by_it() {
    let mut traffic = traffic(Manners::polite());
    let customer = traffic.customers()[0].clone();
    let body = parse(&traffic.write(0, Shape::Text, Some("héllo / 👋")).unwrap());
    let (_, _, value) = changes(&body).next().unwrap();
    assert_eq!(value["messages"][0]["from"], customer.wa_id);
    assert_eq!(value["contacts"][0]["wa_id"], customer.wa_id);
    assert_eq!(value["messages"][0]["text"]["body"], "héllo / 👋");
}

#[test]
fn a_new_number_comes_with_a_new_user_id_and_names_the_old_one() {
    let mut traffic = traffic(Manners::polite());
    let before = traffic.customers()[0].clone();
    let body = parse(&traffic.write(0, Shape::NumberChange, None).unwrap());
    let after = &traffic.customers()[0];
    let (_, _, value) = changes(&body).next().unwrap();
    let system = &value["messages"][0]["system"];
    assert_eq!(value["messages"][0]["from"], before.wa_id);
    assert_eq!(system["wa_id"], after.wa_id);
    assert_eq!(system["previous_user_id"], before.user_id);
    assert_eq!(system["user_id"], after.user_id);
    assert_ne!(before.user_id, after.user_id);
}
