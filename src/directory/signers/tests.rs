//! Which signatures count for which tenants, and in which order secrets are tried.

use chrono::TimeDelta;

use super::*;
use crate::domain::{ChannelId, Id, Provider};

fn tenant(n: u128) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_u128(n))
}

fn id(secret: &str) -> AppSecretId {
    Signer::new(secret).id()
}

/// Returns a channel of a tenant with an app secret.
fn route(of: u128, secret: &str) -> Route {
    Route {
        channel: ChannelId::from_uuid(uuid::Uuid::from_u128(of)),
        tenant: tenant(of),
        provider: Provider::Meta,
        phone_number_id: String::new(),
        waba_id: Some(String::new()),
        display_phone_number: None,
        access_token: None,
        app_secret: Some(Secret::new(secret)),
        app_secret_id: Some(id(secret)),
        throughput: 80.0,
        tenant_throughput: None,
        portfolio: String::new(),
        tripped: false,
        archived: false,
        campaigns_paused: false,
    }
}

fn of(operator: &[&str], routes: &[Route], former: &[FormerAppSecret]) -> Signers {
    let operator: Vec<Secret> = operator.iter().map(|it| Secret::new(*it)).collect();
    Signers::new(&operator, routes, former, None)
}

fn signed(by: u128, secret: Option<&str>) -> TenantSignature {
    TenantSignature {
        tenant: tenant(by),
        secret: secret.map(id),
        at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn a_signature_counts_for_the_tenants_that_have_the_secret_and_no_others() {
    let routes = [
        route(1, "a"),
        route(2, "a"),
        route(2, "b"),
        route(3, "b"),
        route(4, "c"),
    ];
    let former = FormerAppSecret {
        tenant_id: tenant(4),
        secret_id: id("a"),
        valid_until: DateTime::UNIX_EPOCH,
    };
    let signers = of(&["o"], &routes, &[former]);
    let speaks = |signed: &TenantSignature| {
        (1..=4)
            .filter(|n| signers.speaks_for(signed, tenant(*n)))
            .collect::<Vec<_>>()
    };
    assert_eq!(speaks(&signed(1, Some("a"))), [1, 2, 4]);
    assert_eq!(speaks(&signed(2, Some("b"))), [2, 3]);
    assert_eq!(speaks(&signed(4, Some("c"))), [4]);
    assert_eq!(
        speaks(&signed(1, Some("lost"))),
        [1],
        "whoever signed, whatever became of the secret"
    );
    assert_eq!(
        speaks(&signed(1, Some("o"))),
        [1, 2, 3, 4],
        "it is the operator's by now"
    );
    let later = TenantSignature {
        at: DateTime::UNIX_EPOCH + TimeDelta::microseconds(1),
        ..signed(1, Some("a"))
    };
    assert_eq!(speaks(&later), [1, 2], "what came after the change");
}

#[test]
fn a_row_without_a_secret_id_counts_for_tenants_with_all_secrets_of_the_signer() {
    let routes = [route(1, "a"), route(2, "a"), route(2, "b"), route(3, "b")];
    let signers = of(&[], &routes, &[]);
    let speaks = |by: u128| {
        let signed = signed(by, None);
        (1..=4)
            .filter(|n| signers.speaks_for(&signed, tenant(*n)))
            .collect::<Vec<_>>()
    };
    assert_eq!(speaks(1), [1, 2]);
    assert_eq!(speaks(2), [2], "which of the two it was is not known");
    assert_eq!(speaks(3), [2, 3]);
    assert_eq!(speaks(4), [4], "who has no secret any more shares none");
}

#[test]
fn every_secret_is_tried_once_the_operators_first_and_then_as_they_matched() {
    let routes: Vec<Route> = (1..=9)
        .map(|n| route(n, &format!("s{n}")))
        .chain([route(10, "o"), route(11, "s1")])
        .collect();
    let signers = of(&["o"], &routes, &[]);
    assert_eq!(signers.len(), 10);
    let by = |secret: &str, signers: &Signers, hint: Option<AppSecretId>| {
        let signature = Signer::parse(&Signer::new(secret).header(b"{}")).unwrap();
        let likely = signers.likely(hint);
        let others = signers.others(&likely);
        assert_eq!(likely.len() + others.len(), signers.len(), "each once");
        let find = |places: &[usize]| signers.signed_by(places, b"{}", &signature, || false);
        (find(&likely), find(&others))
    };
    assert_eq!(by("o", &signers, None).0, Some(SignedBy::Operator));
    let ninth = Some(SignedBy::Tenant(tenant(9), id("s9")));
    assert_eq!(by("s9", &signers, None), (None, ninth));
    assert_eq!(by("s9", &signers, None), (ninth, None), "it matched before");
    assert_eq!(
        by("s8", &signers, Some(id("s8"))).0,
        Some(SignedBy::Tenant(tenant(8), id("s8")))
    );
    assert_eq!(by("x", &signers, Some(id("s8"))), (None, None));
    let again = Signers::new(&[], &routes, &[], Some(&signers));
    assert_eq!(
        by("s9", &again, None),
        (ninth, None),
        "the order outlives a change of the directory"
    );
    assert_eq!(again.added_since(&signers), [] as [usize; 0]);
    assert_eq!(
        again.added_since(&of(&[], &routes[1..], &[])).len(),
        0,
        "the eleventh has the secret of the first"
    );
}

#[test]
fn nothing_more_is_tried_for_a_request_that_is_gone() {
    let signers = of(&["o"], &[], &[]);
    let signature = Signer::parse(&Signer::new("o").header(b"{}")).unwrap();
    assert_eq!(signers.signed_by(&[0], b"{}", &signature, || true), None);
}
