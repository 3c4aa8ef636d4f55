//! The contacts of the demo: a few hundred, with tags, lists, fields and consents. Numbers are of the range that Ofcom keeps for films.

use anyhow::Context;

use crate::{
    contacts::{
        ContactError, ContactService,
        fields::{self, FieldDraft},
        write::{self, ConsentInput, ContactInput, ContactKey, NameChange, ProfileUpdate, WriteMode},
    },
    domain::{ConsentPurpose, ConsentSource, ConsentStatus, Ctx, FieldType, TenantId},
    records::contacts,
};

/// How many there are.
const COUNT: usize = 300;

const FIRST: [&str; 15] = [
    "Ana", "Bea", "Chidi", "Dara", "Elif", "Farid", "Gita", "Hugo", "Inés", "Jun", "Kofi", "Lena", "Mateo", "Noor",
    "Olga",
];
const LAST: [&str; 20] = [
    "Abad", "Berg", "Costa", "Diallo", "Evans", "Fischer", "Gupta", "Haas", "Ito", "Jansen", "Khan", "Lopes", "Mwangi",
    "Novak", "Okafor", "Patel", "Quispe", "Rossi", "Silva", "Tan",
];
/// City, country, time zone, language.
const PLACES: [[&str; 4]; 6] = [
    ["Pune", "IN", "Asia/Kolkata", "en_IN"],
    ["São Paulo", "BR", "America/Sao_Paulo", "pt_BR"],
    ["Berlin", "DE", "Europe/Berlin", "de"],
    ["Jakarta", "ID", "Asia/Jakarta", "id"],
    ["Mexico City", "MX", "America/Mexico_City", "es_MX"],
    ["Lagos", "NG", "Africa/Lagos", "en"],
];

/// Creates the contacts of the demo at its first start.
pub(super) async fn seed(service: &ContactService, tenant: TenantId) -> anyhow::Result<()> {
    let ctx = Ctx::operator(tenant);
    let first = input(0).change.external_id.flatten().unwrap_or_default();
    if !contacts::by_external_ids(service.db.reader(), tenant, &[first])
        .await?
        .is_empty()
    {
        return Ok(());
    }
    for (key, kind, choices) in [
        ("city", FieldType::Text, &[][..]),
        ("plan", FieldType::Choice, &["basic", "gold", "trial"]),
        ("orders", FieldType::Number, &[]),
        ("customer_since", FieldType::Date, &[]),
    ] {
        let draft = FieldDraft {
            key: key.to_owned(),
            label: None,
            kind,
            choices: choices.iter().map(|it| (*it).to_owned()).collect(),
            position: None,
        };
        match fields::create(service, &ctx, draft).await {
            Ok(_) | Err(ContactError::Exists(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let inputs: Vec<ContactInput> = (0..COUNT).map(input).collect();
    let written = write::write(service, &ctx, WriteMode::Upsert, &inputs).await?;
    let failed = written.into_iter().find_map(Result::err);
    failed.map_or(Ok(()), |error| Err(error).context("a contact of the demo"))
}

fn input(n: usize) -> ContactInput {
    let [city, country, time_zone, language] = PLACES[n % PLACES.len()];
    let some = |text: &str| Some(Some(text.to_owned()));
    let mut tags = vec![["vip", "new", "returning"][n % 3].to_owned()];
    tags.extend(n.is_multiple_of(7).then(|| "wholesale".to_owned()));
    let mut input = ContactInput::of(ContactKey::Identities);
    input.identities.push(("phone", format!("447700900{n:03}")));
    input.change = ProfileUpdate {
        given_name: Some(Some(format!(
            "{} {}",
            FIRST[n % FIRST.len()],
            LAST[n / FIRST.len() % LAST.len()]
        ))),
        external_id: Some(Some(format!("demo-{n:04}"))),
        language: some(language),
        country: some(country),
        time_zone: some(time_zone),
        fields: vec![
            ("city".to_owned(), city.into()),
            ("plan".to_owned(), ["basic", "gold", "trial"][n % 3].into()),
            ("orders".to_owned(), (n * 7 % 40).into()),
            (
                "customer_since".to_owned(),
                format!("20{:02}-{:02}-{:02}", 20 + n % 6, 1 + n % 12, 1 + n % 28).into(),
            ),
        ],
    };
    input.tags = NameChange {
        add: tags,
        remove: Vec::new(),
    };
    if n.is_multiple_of(2) {
        input.lists.add.push("newsletter".to_owned());
        input.consents.push(ConsentInput {
            purpose: ConsentPurpose::Marketing,
            channel: None,
            status: if n.is_multiple_of(10) {
                ConsentStatus::Revoked
            } else {
                ConsentStatus::Granted
            },
            source: ConsentSource::Form,
            lifts: false,
            occurred_at: None,
            evidence: Some(serde_json::json!({ "form": "newsletter" })),
        });
    }
    input
}
