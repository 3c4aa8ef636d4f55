//! Random contacts, and what a tenant has beside them: fields, tags, lists, channels.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use mainstay::{
    contacts::segments::language::{CatalogueField, FilterCatalogue, LabelKind, Named},
    db::{Db, Rows, Tx},
    domain::{ConsentPurpose, ConsentStatus, FieldType, Id, TenantId},
};
use uuid::Uuid;

/// Random numbers by a seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub fn pick<'p, T>(&mut self, of: &'p [T]) -> &'p T {
        &of[self.below(of.len())]
    }

    pub fn text(&mut self, of: &[&str]) -> String {
        (*self.pick(of)).to_owned()
    }

    /// One of the texts, or none.
    pub fn perhaps(&mut self, of: &[&str]) -> Option<String> {
        (!self.one_in(4)).then(|| self.text(of))
    }

    /// From one to `most` of something.
    pub fn several<T>(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..=self.below(most)).map(|_| one(self)).collect()
    }
}

pub const NAMES: &[&str] = &[
    "Ana",
    "ana",
    "ANABEL",
    "Zoë",
    "zoË",
    "O'Brien",
    "100%",
    "a\\b",
    "say \"hi\"",
    "Ann\tB",
    "안나",
];
pub const PLACES: &[&str] = &["DE", "IN", "pune", "Pune", "Surat", "de", "_", "$4", "a;--"];
pub const NUMBERS: &[&str] = &["0", "-1", "18", "17.5", "100", "9", "999999999999999", "0.1", "-0.25"];
pub const CHOICES: &[&str] = &["Gold", "Silver"];

/// The time of all tests: not at the beginning of a second.
pub fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 30, 12, 34, 56).unwrap() + TimeDelta::microseconds(789_012)
}

/// Instants about now, at the edges of days, and a microsecond beside them.
pub fn instant(dice: &mut Dice) -> DateTime<Utc> {
    let days = [0, 1, 1, 2, 7, 30, -7][dice.below(7)];
    let beside = TimeDelta::microseconds([0, 0, 1, -1, 500_000][dice.below(5)]);
    let at = now() - TimeDelta::days(days);
    let at = if dice.one_in(3) {
        at.date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc()
    } else {
        at
    };
    at + beside
}

/// A contact with all that filters ask about.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: Uuid,
    pub group: bool,
    pub archived: bool,
    pub given_name: Option<String>,
    pub name: Option<String>,
    pub country: Option<String>,
    pub language: Option<String>,
    pub time_zone: Option<String>,
    pub source: Option<String>,
    pub external_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub fields: BTreeMap<String, String>,
    pub labels: BTreeSet<Uuid>,
    /// Channel, and the end of the window.
    pub conversations: Vec<(Uuid, Option<DateTime<Utc>>)>,
    pub consents: Vec<(ConsentPurpose, Uuid, ConsentStatus)>,
}

/// What the tenant of the tests has.
pub struct Belongings {
    pub catalogue: FilterCatalogue,
    pub labels: Vec<(LabelKind, Named)>,
    pub channels: Vec<Named>,
}

/// The custom fields: key and type.
pub const FIELDS: [(&str, FieldType); 6] = [
    ("city", FieldType::Text),
    ("age", FieldType::Number),
    ("member", FieldType::Boolean),
    ("born", FieldType::Date),
    ("seen", FieldType::Datetime),
    ("grade", FieldType::Choice),
];

pub fn belongings() -> Belongings {
    let mut catalogue = FilterCatalogue::default();
    for (key, kind) in FIELDS {
        let choices = if kind == FieldType::Choice { CHOICES } else { &[] };
        let choices = choices.iter().map(|it| (*it).to_owned()).collect();
        catalogue.add_field(key, CatalogueField { kind, choices });
    }
    let named = |name: &str, n: u128| Named {
        id: Uuid::from_u128(n),
        name: name.to_owned(),
    };
    let tags = ["vip", "Beta", "new \"one\"", "día", "x"].iter().zip(100..);
    let lists = ["guests", "staff"].iter().zip(200..);
    let labels: Vec<(LabelKind, Named)> = tags
        .map(|(name, n)| (LabelKind::Tag, named(name, n)))
        .chain(lists.map(|(name, n)| (LabelKind::List, named(name, n))))
        .collect();
    for (kind, label) in &labels {
        catalogue.add_label(*kind, label.clone());
    }
    let channels: Vec<Named> = (300..303).map(|n| named(&format!("+49 151 {n}"), n)).collect();
    for channel in &channels {
        catalogue.add_channel(channel.id, &format!("chn_{}", channel.id.simple()), Some(&channel.name));
    }
    Belongings {
        catalogue,
        labels,
        channels,
    }
}

impl Person {
    pub fn random(dice: &mut Dice, n: usize, has: &Belongings) -> Self {
        let mut fields = BTreeMap::new();
        for (key, kind) in FIELDS {
            let value = match kind {
                FieldType::Text => dice.text(PLACES),
                FieldType::Number => dice.text(NUMBERS),
                FieldType::Boolean => dice.text(&["true", "false"]),
                FieldType::Date => instant(dice).date_naive().to_string(),
                FieldType::Datetime => instant(dice).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                FieldType::Choice => dice.text(CHOICES),
            };
            if !dice.one_in(3) {
                fields.insert(key.to_owned(), value);
            }
        }
        let labels = has
            .labels
            .iter()
            .filter(|_| dice.one_in(3))
            .map(|(_, it)| it.id)
            .collect();
        let conversations = has.channels.iter().filter_map(|channel| {
            let window = (!dice.one_in(4)).then(|| instant(dice) + TimeDelta::hours(24 * dice.below(2) as i64));
            dice.one_in(2).then_some((channel.id, window))
        });
        let conversations = conversations.collect();
        let all_channels = [Uuid::nil()].into_iter().chain(has.channels.iter().map(|it| it.id));
        let mut consents = Vec::new();
        for channel in all_channels {
            for purpose in ConsentPurpose::ALL {
                if dice.one_in(4) {
                    consents.push((purpose, channel, *dice.pick(&ConsentStatus::ALL)));
                }
            }
        }
        Self {
            id: Uuid::from_u128((n as u128) << 64 | dice.below(1 << 30) as u128),
            group: dice.one_in(20),
            archived: dice.one_in(20),
            given_name: dice.perhaps(NAMES),
            name: dice.perhaps(NAMES),
            country: dice.perhaps(PLACES),
            language: dice.perhaps(PLACES),
            time_zone: dice.perhaps(PLACES),
            source: dice.perhaps(PLACES),
            external_id: (!dice.one_in(3)).then(|| format!("{}-{n}", dice.text(PLACES))),
            created_at: instant(dice),
            fields,
            labels,
            conversations,
            consents,
        }
    }
}

/// Stores contacts of a tenant with all they have, and tells the planner, as an import does.
pub async fn store(db: &Db, tenant: TenantId, people: &[Person]) {
    const POSTGRES: &str = "ANALYZE contacts, contact_tags, contact_consents, conversations";
    let write = async |tx: &mut Tx| -> sqlx::Result<()> {
        store_contacts(tx, tenant, people).await?;
        store_related(tx, tenant, people).await
    };
    db.transaction(write).await.expect("they are stored");
    if db.is_postgres() {
        db.sql(POSTGRES, ()).run().await.expect("they are counted");
    }
}

async fn store_contacts(tx: &mut Tx, tenant: TenantId, people: &[Person]) -> sqlx::Result<()> {
    const SQL: &str = "
        WITH r (tenant_id, id, kind, name, given_name, country, language, time_zone, source, external_id, fields, archived_at, at)
            AS ({rows})
        INSERT INTO contacts (tenant_id, id, kind, name, given_name, country, language, time_zone, source, external_id, fields,
            archived_at, created_at, updated_at)
        SELECT tenant_id, id, kind, name, given_name, country, language, time_zone, source, external_id, fields, archived_at, at, at
        FROM r";
    let row = |it: &Person| {
        (
            tenant.uuid(),
            it.id,
            if it.group { "group" } else { "person" }.to_owned(),
            it.name.clone(),
            it.given_name.clone(),
            it.country.clone(),
            it.language.clone(),
            it.time_zone.clone(),
            it.source.clone(),
            it.external_id.clone(),
            (!it.fields.is_empty()).then(|| sqlx::types::Json(it.fields.clone())),
            it.archived.then(now),
            it.created_at,
        )
    };
    Rows::new(SQL, people.iter().map(row).collect())
        .run(tx.on())
        .await
        .map(drop)
}

async fn store_related(tx: &mut Tx, tenant: TenantId, people: &[Person]) -> sqlx::Result<()> {
    const TAGS: &str = "
        WITH r (tenant_id, tag_id, contact_id, at) AS ({rows})
        INSERT INTO contact_tags (tenant_id, tag_id, contact_id, created_at, created_by)
        SELECT tenant_id, tag_id, contact_id, at, 'operator' FROM r";
    const CONVERSATIONS: &str = "
        WITH r (tenant_id, id, channel_id, contact_id, window_at, at) AS ({rows})
        INSERT INTO conversations (tenant_id, id, channel_id, contact_id, window_expires_at, last_message_at, last_message_wamid,
            last_message_direction, last_message_type, unread_count, created_at, updated_at)
        SELECT tenant_id, id, channel_id, contact_id, window_at, at, '', 'inbound', 'text', 0, at, at FROM r";
    const CONSENTS: &str = "
        WITH r (tenant_id, contact_id, purpose, channel_id, status, at) AS ({rows})
        INSERT INTO contact_consents (tenant_id, contact_id, purpose, channel_id, status, since, consent_id)
        SELECT tenant_id, contact_id, purpose, channel_id, status, at, contact_id FROM r";
    let tenant = tenant.uuid();
    let tags = people
        .iter()
        .flat_map(|it| it.labels.iter().map(|tag| (tenant, *tag, it.id, now())));
    Rows::new(TAGS, tags.collect()).run(tx.on()).await?;
    let conversations = people.iter().flat_map(|it| {
        let row = |(channel, window): &(Uuid, Option<DateTime<Utc>>)| {
            (tenant, Uuid::new_v4(), *channel, it.id, *window, now())
        };
        it.conversations.iter().map(row)
    });
    Rows::new(CONVERSATIONS, conversations.collect()).run(tx.on()).await?;
    let consents = people.iter().flat_map(|it| {
        let row = |(purpose, channel, status): &(ConsentPurpose, Uuid, ConsentStatus)| {
            (tenant, it.id, purpose.to_string(), *channel, status.to_string(), now())
        };
        it.consents.iter().map(row)
    });
    Rows::new(CONSENTS, consents.collect()).run(tx.on()).await.map(drop)
}
