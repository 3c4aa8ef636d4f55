//! The text of an export, page by page: memory does not grow with what is exported.

use bytes::Bytes;

use super::{
    error::ExportError,
    sheet::{Sheet, SheetStyle},
    source::ExportSource,
    subject::ExportSubject,
};
use crate::{
    clock::Clock,
    db::{Db, Result},
    domain::TenantId,
};

/// An export on its way.
pub(crate) struct ExportPages {
    db: Db,
    tenant: TenantId,
    source: ExportSource,
    sheet: Sheet,
    ended: bool,
    /// Rows written so far.
    pub rows: i64,
}

impl ExportPages {
    /// Begins an export. Fails where the filter of its contacts is none, or none any more, and where its campaign is gone.
    pub async fn begin(
        db: &Db,
        clock: &Clock,
        tenant: TenantId,
        subject: ExportSubject,
        style: SheetStyle,
    ) -> std::result::Result<Self, ExportError> {
        let source = ExportSource::begin(db, clock, tenant, subject).await?;
        Ok(Self {
            db: db.clone(),
            tenant,
            sheet: Sheet::new(style, source.columns()),
            source,
            ended: false,
            rows: 0,
        })
    }

    /// Returns the text of the next rows; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        let mut tx = self.db.begin_read_as(self.tenant).await?;
        let page = self.source.read(&mut tx, self.tenant).await?;
        tx.commit().await?;
        self.ended = page.is_last;
        self.rows += page.rows.len() as i64;
        for row in page.rows {
            self.sheet.row(row);
        }
        Ok(Some(Bytes::from(self.sheet.take())))
    }
}
