-- Files that were received or uploaded.

-- A file of a tenant, stored once however often it comes.
CREATE TABLE media_files (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    -- SHA-256 of the bytes. They are stored under the tenant's and the file's id.
    digest BYTEA NOT NULL,
    size BIGINT NOT NULL,
    -- Of an image, once its variants are made.
    width BIGINT,
    height BIGINT,
    -- JSON: name of the variant → its type, size, width, height.
    variants TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    -- Since when no row of media refers to it; it is removed soon after.
    orphaned_at TIMESTAMPTZ,
    -- The queue media_variants. A file that is no image is done from the start.
    state TEXT NOT NULL /*postgres CONSTRAINT media_files_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX media_files_by_digest ON media_files (tenant_id, digest);
CREATE INDEX media_files_orphaned ON media_files (orphaned_at) WHERE orphaned_at IS NOT NULL;
CREATE INDEX media_files_due ON media_files (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX media_files_kept ON media_files (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');

-- A file on one occasion: of one message, or one upload.
CREATE TABLE media (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    -- As of the message it came with; 'api' when it was uploaded.
    origin TEXT NOT NULL /*postgres CONSTRAINT media_origin_is_known CHECK (origin IN ('customer', 'api', 'echo', 'history'))*/,
    -- 'image', 'video', 'audio', 'document' or 'sticker'.
    kind TEXT NOT NULL,
    channel_id UUID,
    message_id UUID,
    -- Meta's id of a received file. Meta forgets it after a week.
    meta_id TEXT,
    -- As Meta or the uploader declared it; once the file is stored, as detected.
    mime_type TEXT,
    filename TEXT,
    -- SHA-256 as declared by the webhook.
    sha256 BYTEA,
    file_id UUID REFERENCES media_files (id),
    received_at TIMESTAMPTZ NOT NULL,
    -- When Meta forgets the received file.
    deadline TIMESTAMPTZ,
    -- By request or by age. The row stays, so that references of messages stay valid.
    deleted_at TIMESTAMPTZ,
    -- When the failure was announced by an event.
    notified_at TIMESTAMPTZ,
    -- The queue media_inbound. An upload is done from the start.
    lane BIGINT NOT NULL,
    state TEXT NOT NULL /*postgres CONSTRAINT media_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    -- Who made it: the id of an API key, `operator` or `system`; NULL where somebody else's message did.
    created_by TEXT
);
CREATE INDEX media_by_file ON media (file_id) WHERE file_id IS NOT NULL;
CREATE INDEX media_by_age ON media (received_at) WHERE deleted_at IS NULL;
CREATE INDEX media_by_deadline ON media (deadline) WHERE state IN ('pending', 'running');
CREATE INDEX media_unnotified ON media (finished_at)
    WHERE state IN ('dead', 'discarded') AND (notified_at IS NULL OR notified_at < finished_at);
CREATE INDEX media_due ON media (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX media_kept ON media (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');

-- A file's upload to Meta by a channel. The media id that Meta gives is valid for 30 days.
CREATE TABLE media_uploads (
    file_id UUID NOT NULL REFERENCES media_files (id) ON DELETE CASCADE,
    channel_id UUID NOT NULL,
    mime_type TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    -- Identifies the upload in progress, or the last one.
    claim UUID NOT NULL,
    -- NULL during the upload, and when it failed.
    meta_id TEXT,
    -- The reason of the failure: JSON.
    failure TEXT,
    -- End of the lease, of the media id's life, or of the time for which a failure is believed.
    valid_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (file_id, channel_id, mime_type)
);

-- An object to remove from storage. Written, with a time far ahead, before the object is, and deleted in the transaction that refers to
-- the object: so no object is left unknown, wherever a process dies.
CREATE TABLE storage_removals (
    key TEXT NOT NULL PRIMARY KEY,
    due_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX storage_removals_due ON storage_removals (due_at);
