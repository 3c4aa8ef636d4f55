//! Writes a chunk of rows: contacts, identities, tags, consents, in the lock order.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    campaign_rows::{lock_first, write_campaign_rows},
    counts::RowOutcome,
    matching::{KnownInChunk, MatchedRow, RowContact, wanted},
    overlay::overlay,
    read_row::{ImportedRow, JudgedRow},
    room::without_room,
    row_error::{RowError, RowErrorCode},
    run::RunningImport,
    spec::{OnBadField, OnConflict, OnExisting},
};
use crate::{
    contacts::{
        consent::{self, NewConsent},
        people,
        store::{
            consents,
            imports::{self, ImportedContact},
            tags,
        },
    },
    db::{Result, Tx, conflict_error},
    domain::{ConsentSource, ConsentStatus, ContactId, TagId},
    records::{
        contacts::{self, Contact, ContactMerge, Identity, ProfileChange},
        lock_order::Stage,
    },
};

/// What became of a chunk.
#[derive(Debug, Default)]
pub(super) struct AppliedChunk {
    /// One per row, in their order.
    pub outcomes: Vec<(RowOutcome, Option<ContactId>)>,
    pub errors: Vec<RowError>,
    pub kept_opted_out: i64,
    pub created: Vec<ImportedContact>,
    /// Names of the members that changed, of existing contacts.
    pub changed: HashMap<ContactId, Vec<String>>,
}

/// Writes a chunk. Ends with a conflict where another transaction was first with an identity, and as [`people::after_merges`] wants it where
/// contacts are to be merged first.
pub(super) async fn apply(tx: &mut Tx, import: &RunningImport<'_>, judged: &[JudgedRow]) -> Result<AppliedChunk> {
    let tenant = import.tenant;
    lock_first(tx, import).await?;
    let rows: Vec<&ImportedRow> = judged.iter().filter_map(|it| it.row.as_ref()).collect();
    let known = contacts::identities(tx.on(), &wanted(tenant, &rows)).await?;
    let named: Vec<String> = rows.iter().filter_map(|row| row.external_id.clone()).collect();
    let external = contacts::by_external_ids(tx.on(), tenant, &named).await?;
    let matched = KnownInChunk::new(tenant, known, external).matched(&rows);
    if import.spec.policies.on_conflict == OnConflict::Merge && !import.spec.policies.dry_run {
        let merges = merges(import, &matched);
        if !merges.is_empty() {
            import.note_merged(merges.iter().map(|it| it.into));
            return Err(people::merge_first(merges));
        }
    }
    Stage::Contacts.reach(tx);
    let mut changes = ChunkChanges::default();
    let existing = existing(tx, import, &matched).await?;
    changes.full = without_room(tx, import, &matched).await?;
    for it in &matched {
        changes.add(import, it, &existing);
    }
    changes.write(tx, import).await?;
    write_campaign_rows(tx, import, judged, &changes.outcomes).await?;
    let kept_opted_out = record_consents(tx, import, &changes).await?;
    Ok(changes.summary(judged, kept_opted_out))
}

/// Returns the merges that rows ask for.
fn merges(import: &RunningImport<'_>, matched: &[MatchedRow<'_>]) -> Vec<ContactMerge> {
    let mut merges = Vec::new();
    let mut seen = HashSet::new();
    for it in matched {
        let RowContact::Several(contacts) = &it.contact else {
            continue;
        };
        // A contact that takes part in a merge of this round is looked at again in the next one.
        if contacts.iter().any(|id| !seen.insert(*id)) {
            continue;
        }
        merges.extend(contacts[1..].iter().map(|&from| ContactMerge {
            tenant: import.tenant,
            from,
            into: contacts[0],
        }));
    }
    merges
}

/// Locks and reads the contacts that rows belong to.
async fn existing(
    tx: &mut Tx,
    import: &RunningImport<'_>,
    matched: &[MatchedRow<'_>],
) -> Result<HashMap<ContactId, Contact>> {
    let known = |it: &MatchedRow<'_>| match it.contact {
        RowContact::Known(id) => Some(id),
        _ => None,
    };
    let ids: Vec<ContactId> = matched.iter().filter_map(known).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    contacts::lock(tx, ids.iter().map(|id| (import.tenant, *id))).await?;
    let found = contacts::find_all(tx.on(), import.tenant, &ids).await?;
    Ok(found.into_iter().map(|it| (it.id, it)).collect())
}

/// What is to be written for a chunk.
#[derive(Default)]
struct ChunkChanges {
    created: Vec<ImportedContact>,
    profiles: Vec<ProfileChange>,
    /// Names of the members that change.
    members: HashMap<ContactId, Vec<String>>,
    returning: Vec<ContactId>,
    owned: Vec<(Identity, ContactId)>,
    taken: Vec<(Identity, ContactId)>,
    tagged: BTreeSet<(ContactId, TagId)>,
    /// By the number of the row.
    outcomes: HashMap<i64, (RowOutcome, Option<ContactId>)>,
    /// Rows and contacts that the declared consent is of.
    consenting: Vec<(i64, ContactId)>,
    errors: Vec<RowError>,
    /// The numbers of the rows whose contacts have no room for their tags and lists.
    full: HashSet<i64>,
}

impl ChunkChanges {
    fn add(&mut self, import: &RunningImport<'_>, it: &MatchedRow<'_>, existing: &HashMap<ContactId, Contact>) {
        let number = it.row.row;
        let is_full = self.full.contains(&number);
        if is_full {
            self.error(number, RowErrorCode::TooManyTags, "");
        }
        let (outcome, contact) = match &it.contact {
            RowContact::New | RowContact::Known(_)
                if is_full && import.spec.policies.on_bad_field == OnBadField::Fail =>
            {
                (RowOutcome::Failed, None)
            }
            RowContact::Repeated => {
                self.error(number, RowErrorCode::DuplicateInFile, "");
                (RowOutcome::Skipped, None)
            }
            RowContact::Several(contacts) if import.spec.policies.on_conflict == OnConflict::Fail => {
                let ids: Vec<String> = contacts.iter().map(ToString::to_string).collect();
                self.error(number, RowErrorCode::IdentityConflict, &ids.join(" "));
                (RowOutcome::Failed, None)
            }
            // A trial merges nothing.
            RowContact::Several(contacts) => (RowOutcome::Updated, contacts.first().copied()),
            RowContact::New => self.create(import, it),
            RowContact::Known(id) => match existing.get(id) {
                Some(contact) => self.change(import, it, contact),
                // It went between the look-up and the lock, which the tenant's lock does not allow.
                None => (RowOutcome::Failed, Some(*id)),
            },
        };
        self.outcomes.insert(number, (outcome, contact));
    }

    fn error(&mut self, number: i64, code: RowErrorCode, value: &str) {
        self.errors.push(RowError::new(number, code, "", value));
    }

    fn create(&mut self, import: &RunningImport<'_>, it: &MatchedRow<'_>) -> (RowOutcome, Option<ContactId>) {
        let Ok(profile) = overlay(&Default::default(), it.row, OnExisting::Update) else {
            self.error(it.row.row, RowErrorCode::TooLong, "");
            return (RowOutcome::Failed, None);
        };
        let id: ContactId = import.service.clock.new_id();
        self.identify(it, id);
        self.tag(import, it, id);
        self.consenting.push((it.row.row, id));
        self.created.push(ImportedContact {
            id,
            profile: profile.map(|it| it.profile).unwrap_or_default(),
            identities: it.missing.iter().chain(&it.given_up).cloned().collect(),
        });
        (RowOutcome::Created, Some(id))
    }

    fn change(
        &mut self,
        import: &RunningImport<'_>,
        it: &MatchedRow<'_>,
        contact: &Contact,
    ) -> (RowOutcome, Option<ContactId>) {
        let id = contact.id;
        let policy = import.spec.policies.on_existing;
        if policy == OnExisting::Skip {
            self.consenting.push((it.row.row, id));
            return (RowOutcome::Skipped, Some(id));
        }
        let Ok(profile) = overlay(&contact.profile, it.row, policy) else {
            self.error(it.row.row, RowErrorCode::TooLong, "");
            return (RowOutcome::Failed, Some(id));
        };
        self.identify(it, id);
        self.tag(import, it, id);
        self.consenting.push((it.row.row, id));
        let is_changed =
            profile.is_some() || contact.archived_at.is_some() || !it.missing.is_empty() || !it.given_up.is_empty();
        self.returning.extend(contact.archived_at.map(|_| id));
        if let Some(changed) = profile {
            self.profiles.push(ProfileChange {
                tenant: import.tenant,
                contact: id,
                profile: changed.profile,
            });
            self.members.insert(id, changed.members);
        }
        match is_changed {
            true => (RowOutcome::Updated, Some(id)),
            false => (RowOutcome::Unchanged, Some(id)),
        }
    }

    fn tag(&mut self, import: &RunningImport<'_>, it: &MatchedRow<'_>, id: ContactId) {
        if !self.full.contains(&it.row.row) {
            self.tagged.extend(import.tags.of(it.row).map(|tag| (id, tag)));
        }
    }

    fn identify(&mut self, it: &MatchedRow<'_>, id: ContactId) {
        self.owned
            .extend(it.missing.iter().map(|identity| (identity.clone(), id)));
        self.taken
            .extend(it.given_up.iter().map(|identity| (identity.clone(), id)));
    }

    async fn write(&mut self, tx: &mut Tx, import: &RunningImport<'_>) -> Result<()> {
        let (tenant, id, now) = (import.tenant, import.id, import.service.clock.now());
        let returning: Vec<_> = self.returning.iter().map(|id| (tenant, *id)).collect();
        contacts::set_archived(tx.on(), &returning, None, now).await?;
        contacts::set_profiles(tx.on(), &self.profiles, now).await?;
        let inserted = imports::insert(tx.on(), tenant, &self.created, id, now).await?;
        let assigned = contacts::assign(tx.on(), &self.owned, now).await?;
        if inserted != self.created.len() as u64 || assigned != self.owned.len() as u64 {
            return Err(conflict_error());
        }
        contacts::reassign(tx.on(), &self.taken).await?;
        let tagged = tags::add(tx.on(), tenant, &self.tagged, &id.to_string(), now).await?;
        let tagged: HashSet<ContactId> = tagged.into_iter().map(|(id, _)| id).collect();
        let written: HashSet<ContactId> = (self.created.iter().map(|it| it.id))
            .chain(self.profiles.iter().map(|it| it.contact))
            .chain(self.returning.iter().copied())
            .collect();
        contacts::count_version(tx.on(), tenant, tagged.difference(&written).copied(), now).await?;
        for (outcome, contact) in self.outcomes.values_mut() {
            if *outcome == RowOutcome::Unchanged && contact.is_some_and(|id| tagged.contains(&id)) {
                *outcome = RowOutcome::Updated;
            }
        }
        Ok(())
    }

    fn summary(mut self, judged: &[JudgedRow], kept_opted_out: i64) -> AppliedChunk {
        let mut applied = AppliedChunk {
            kept_opted_out,
            created: self.created,
            changed: self.members,
            ..AppliedChunk::default()
        };
        for it in judged {
            let is_blank = it.errors.iter().any(|error| error.code == RowErrorCode::Blank);
            let found = it.row.as_ref().and_then(|row| self.outcomes.remove(&row.row));
            applied.outcomes.push(match found {
                Some(found) => found,
                None if is_blank => (RowOutcome::Skipped, None),
                None => (RowOutcome::Failed, None),
            });
            applied.errors.extend(it.errors.iter().cloned());
        }
        applied.errors.extend(self.errors);
        applied
    }
}

/// Records the declared consent of each contact, and returns how many of them stay opted out of something though it was granted.
async fn record_consents(tx: &mut Tx, import: &RunningImport<'_>, changes: &ChunkChanges) -> Result<i64> {
    let Some(declared) = &import.spec.policies.consent else {
        return Ok(0);
    };
    let statement = |&(row, contact): &(i64, ContactId)| NewConsent {
        tenant: import.tenant,
        contact,
        purpose: declared.purpose,
        channel: None,
        status: declared.status,
        source: ConsentSource::Import,
        lifts: false,
        occurred_at: declared.occurred_at,
        evidence: declared.evidence.clone(),
        message: None,
        import: Some((import.id, row)),
        by: import.by,
    };
    let statements = changes.consenting.iter().map(statement).collect();
    consent::record(tx, &import.service.clock, statements).await?;
    if declared.status != ConsentStatus::Granted {
        return Ok(0);
    }
    let contacts: Vec<_> = changes.consenting.iter().map(|it| (import.tenant, it.1)).collect();
    let refused = consents::revoked(tx.on(), &contacts).await?;
    let kept: HashSet<ContactId> = refused
        .iter()
        .filter(|it| it.channel.is_none())
        .map(|it| it.contact)
        .collect();
    Ok(kept.len() as i64)
}
