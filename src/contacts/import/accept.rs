//! Takes a file in: stores it, and looks at every row of it on the way.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use mainstay_phone::Region;

use super::{
    columns::{MappingError, keep_columns, map_columns},
    counts::ImportCounts,
    field_values::FieldCatalogue,
    quotes::{QuoteCheck, QuoteError},
    rows::{RowReader, RowTooLong},
    run::{MAX_ROWS, catalogue},
    service::{IMPORTS, ImportService},
    sniff::{FormatError, HEAD_BYTES, sniff},
    spec::{ImportOptions, ImportSpec},
    tags::{MAX_TAGS, TagIndex},
};
use crate::{
    db::Tx,
    domain::{ConsentStatus, Ctx, Id, ImportId, TaskKind},
    records::{
        campaigns,
        lock_order::Stage,
        tasks::{self, NewTask},
    },
    storage::{self, FileWriter, StorageKey},
};

/// Longest file.
pub(crate) const MAX_BYTES: u64 = 2_000_000_000;
/// Imports of a tenant that may be open: one that runs, and those that wait.
pub(crate) const MAX_OPEN: i64 = 11;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("{} imports wait already", MAX_OPEN - 1)]
    TooManyOpen,
    #[error("the file is longer than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the file has more than {MAX_ROWS} rows")]
    TooManyRows,
    #[error("the file has no rows of data")]
    NoRows,
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Mapping(#[from] MappingError),
    #[error("after {rows} rows, {why}")]
    Row { rows: u64, why: RowTooLong },
    #[error(transparent)]
    Quote(#[from] QuoteError),
    #[error("a grant of consent needs its evidence")]
    NoEvidence,
    #[error("{0} is no country of two letters, such as IN or BR")]
    UnknownCountry(String),
    #[error("there is no room for these tags and lists: a tenant has at most {MAX_TAGS}")]
    TooManyTags,
    /// The campaign that the rows are for was launched or removed meanwhile.
    #[error("the campaign is no draft any more")]
    NoDraft,
    /// The body broke off.
    #[error("{0}")]
    Incomplete(String),
    #[error(transparent)]
    Storage(#[from] storage::Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Stores a file and queues its import. What is wrong with the file as a whole is found before the answer; what is wrong with a row is an
/// error of the import.
pub(crate) async fn accept<E: std::fmt::Display>(
    service: &ImportService,
    ctx: &Ctx,
    options: ImportOptions,
    pieces: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<ImportId, ImportError> {
    check(service, ctx, &options).await?;
    let fields = catalogue(service, ctx.tenant).await?;
    let id: ImportId = service.clock.new_id();
    let task = NewTask {
        tenant: ctx.tenant,
        id,
        kind: TaskKind::Import,
        subject: Some(id.uuid()),
        spec: "{}".to_owned(),
        counts: None,
        waits: true,
        by: ctx.actor,
    };
    tasks::insert(service.db.writer(), &task, service.clock.now()).await?;
    let key = StorageKey::of(ctx.tenant.uuid(), id.uuid());
    let writer = service.storage.write(&key);
    let upload = Upload {
        options: Some(options),
        fields,
        head: Vec::new(),
        seen: None,
        bytes: 0,
        rows: 0,
    };
    let received = match upload.receive(writer, pieces).await {
        Ok(spec) => queue(service, ctx, id, &spec).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(()) => Ok(id),
        Err(error) => {
            drop(service.storage.remove(&key).await);
            tasks::remove(service.db.writer(), ctx.tenant, id).await?;
            Err(error)
        }
    }
}

/// Makes an import due whose file is stored. That of a campaign's rows is noted at the campaign.
async fn queue(service: &ImportService, ctx: &Ctx, id: ImportId, spec: &ImportSpec) -> Result<(), ImportError> {
    let text = serde_json::to_string(spec).expect("texts and numbers always serialise");
    let (counts, now) = (ImportCounts::default().stored(), service.clock.now());
    let write = async |tx: &mut Tx| {
        if let Some(campaign) = spec.campaign_id {
            campaigns::lock_draft(tx, ctx.tenant, campaign).await?;
            if !spec.policies.dry_run {
                campaigns::note_import(tx.on(), (ctx.tenant, campaign), id, now).await?;
            }
        }
        Stage::Tasks.reach(tx);
        tasks::complete_upload(tx.on(), id, text.clone(), counts.clone(), now).await
    };
    match service.db.transaction_as(ctx.tenant, write).await {
        Err(error) if campaigns::is_no_draft(&error) => return Err(ImportError::NoDraft),
        result => result?,
    };
    // The row is committed; if the push fails, the sweep finds it.
    drop(service.queues.push(&IMPORTS, [id.uuid()], now).await);
    Ok(())
}

async fn check(service: &ImportService, ctx: &Ctx, options: &ImportOptions) -> Result<(), ImportError> {
    let consent = options.policies.consent.as_ref();
    if consent.is_some_and(|it| it.status == ConsentStatus::Granted && it.evidence.is_none()) {
        return Err(ImportError::NoEvidence);
    }
    if let Some(country) = options
        .default_country
        .as_ref()
        .filter(|it| Region::parse(it).is_none())
    {
        return Err(ImportError::UnknownCountry(country.chars().take(20).collect()));
    }
    if tasks::count_open(service.db.reader(), ctx.tenant, TaskKind::Import).await? >= MAX_OPEN {
        return Err(ImportError::TooManyOpen);
    }
    let tags = TagIndex::read(&service.db, ctx.tenant).await?;
    match tags.missing(&options.policies, std::iter::empty()) {
        (_, true) => Ok(()),
        (_, false) => Err(ImportError::TooManyTags),
    }
}

/// A file on its way into the store.
struct Upload {
    options: Option<ImportOptions>,
    fields: FieldCatalogue,
    /// The first bytes, until they are looked at.
    head: Vec<u8>,
    seen: Option<(ImportSpec, RowReader, QuoteCheck)>,
    bytes: u64,
    rows: u64,
}

impl Upload {
    async fn receive<E: std::fmt::Display>(
        mut self,
        mut writer: FileWriter,
        pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<ImportSpec, ImportError> {
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.next().await {
            let added = match piece {
                Ok(piece) => self.add(&piece).map(|()| piece),
                Err(error) => Err(ImportError::Incomplete(error.to_string())),
            };
            let stored = match added {
                Ok(piece) => writer.push(piece).await.map_err(ImportError::from),
                Err(error) => Err(error),
            };
            if let Err(error) = stored {
                writer.abort().await;
                return Err(error);
            }
        }
        match self.end() {
            Ok(spec) => {
                writer.finish().await?;
                Ok(spec)
            }
            Err(error) => {
                writer.abort().await;
                Err(error)
            }
        }
    }

    fn add(&mut self, piece: &[u8]) -> Result<(), ImportError> {
        self.bytes += piece.len() as u64;
        if self.bytes > MAX_BYTES {
            return Err(ImportError::TooLarge);
        }
        match &mut self.seen {
            Some((_, reader, _)) => reader.push(piece),
            None => {
                self.head.extend_from_slice(piece);
                if self.head.len() < HEAD_BYTES {
                    return Ok(());
                }
                self.look(false)?;
            }
        }
        self.count_rows()
    }

    fn end(mut self) -> Result<ImportSpec, ImportError> {
        if self.seen.is_none() {
            self.look(true)?;
        }
        if let Some((_, reader, _)) = &mut self.seen {
            reader.end();
        }
        self.count_rows()?;
        if let Some((_, _, quotes)) = &self.seen {
            quotes.end()?;
        }
        match self.seen {
            Some((spec, ..)) if self.rows > 0 => Ok(ImportSpec {
                bytes: self.bytes,
                rows: self.rows,
                ..spec
            }),
            _ => Err(ImportError::NoRows),
        }
    }

    /// Looks at the first bytes, which say how the file is to be read.
    fn look(&mut self, is_whole: bool) -> Result<(), ImportError> {
        let options = self.options.take().unwrap_or_default();
        let file = sniff(&self.head, is_whole, &options.declared)?;
        let mut columns = map_columns(&file.columns, &options.mapping, |key| self.fields.contains_key(key))?;
        if options.campaign.is_some() {
            keep_columns(&mut columns, &file.columns, &options.mapping)?;
        }
        let spec = ImportSpec::new(options, &file, columns.used, columns.ignored);
        let mut reader = RowReader::new(file.format, file.data_at);
        let data_at = usize::try_from(file.data_at).unwrap_or(usize::MAX);
        let (before, data) = self.head.split_at(data_at.min(self.head.len()));
        reader.push(data);
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let quotes = QuoteCheck::new(file.format.delimiter, lines as u64 + 1);
        self.head = Vec::new();
        self.seen = Some((spec, reader, quotes));
        Ok(())
    }

    fn count_rows(&mut self) -> Result<(), ImportError> {
        let Some((_, reader, quotes)) = &mut self.seen else {
            return Ok(());
        };
        quotes.scan(reader.unread())?;
        loop {
            match reader.next_row() {
                Ok(Some(_)) => self.rows += 1,
                Ok(None) => break,
                Err(why) => return Err(ImportError::Row { rows: self.rows, why }),
            }
        }
        match self.rows > MAX_ROWS {
            true => Err(ImportError::TooManyRows),
            false => Ok(()),
        }
    }
}
