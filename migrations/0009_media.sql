-- What was sent to us or uploaded by us. A row per occasion; the bytes are in media_files, once per tenant however often they come.

CREATE TABLE media_files (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    -- SHA-256 of the bytes. They lie in the store under the tenant's and the file's id.
    digest BYTEA NOT NULL,
    size BIGINT NOT NULL,
    -- Of an image, once its variants are made.
    width BIGINT,
    height BIGINT,
    -- JSON: name of the variant → its type, size, width, height.
    variants TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    -- Since when no media row needs it; it is removed soon after.
    orphaned_at TIMESTAMPTZ,
    -- The queue media_variants. A file that is no image is born done.
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX media_files_by_digest ON media_files (tenant_id, digest);
CREATE INDEX media_files_orphaned ON media_files (orphaned_at) WHERE orphaned_at IS NOT NULL;
CREATE INDEX media_files_due ON media_files (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX media_files_kept ON media_files (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');

CREATE TABLE media (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    -- As of the message it came with: 'customer', 'echo' or 'history'; 'api' when it was uploaded.
    origin TEXT NOT NULL,
    -- 'image', 'video', 'audio', 'document' or 'sticker'.
    kind TEXT NOT NULL,
    channel_id UUID,
    message_id UUID,
    -- Meta's id of what was received. It opens nothing after a week.
    meta_id TEXT,
    -- As Meta or the uploader said; once the file is here, as it was found to be.
    mime_type TEXT,
    filename TEXT,
    -- SHA-256 as the webhook promised it.
    sha256 BYTEA,
    file_id UUID REFERENCES media_files (id),
    received_at TIMESTAMPTZ NOT NULL,
    -- When Meta forgets what was received.
    deadline TIMESTAMPTZ,
    -- By request or by age. The row stays, so that messages do not point at nothing.
    deleted_at TIMESTAMPTZ,
    -- When the failure was told as an event.
    told_at TIMESTAMPTZ,
    -- The queue media_inbound. What was uploaded is born done.
    lane BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX media_by_file ON media (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX media_by_age ON media (received_at) WHERE deleted_at IS NULL;
CREATE INDEX media_by_deadline ON media (deadline) WHERE state IN ('pending', 'running');
CREATE INDEX media_untold ON media (finished_at) WHERE state IN ('dead', 'discarded') AND (told_at IS NULL OR told_at < finished_at);
CREATE INDEX media_due ON media (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX media_kept ON media (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');

ALTER TABLE messages ADD COLUMN media_id UUID;

-- What Meta calls a file that was uploaded to it, per channel: such an id is good for 30 days.
CREATE TABLE media_uploads (
    file_id UUID NOT NULL REFERENCES media_files (id) ON DELETE CASCADE,
    channel_id UUID NOT NULL,
    mime_type TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    -- Who uploads, or did.
    claim UUID NOT NULL,
    -- NULL while it is uploaded, and when that failed.
    meta_id TEXT,
    -- Why there is none: JSON.
    failure TEXT,
    -- The end of the lease, of the id's life, or of the time for which a failure is believed.
    valid_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (file_id, channel_id, mime_type)
);

-- Files to be removed from the store. Written before a file is, with a time far ahead, and taken back in the transaction that makes the
-- file somebody's: so nothing is left in the store that nobody knows of, wherever a process dies.
CREATE TABLE storage_removals (
    key TEXT NOT NULL PRIMARY KEY,
    due_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX storage_removals_due ON storage_removals (due_at);
