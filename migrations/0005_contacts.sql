-- Contacts that people keep: names, fields, tags, lists, consent, segments; moving many of them in and out; and what merges leave behind.

-- From people, the API and imports; `name` is the profile name in WhatsApp.
ALTER TABLE contacts ADD COLUMN given_name TEXT;
-- The tenant's own id of the contact.
ALTER TABLE contacts ADD COLUMN external_id TEXT;
ALTER TABLE contacts ADD COLUMN language TEXT;
-- Two letters.
ALTER TABLE contacts ADD COLUMN country TEXT;
-- A name of the IANA time zone database.
ALTER TABLE contacts ADD COLUMN time_zone TEXT;
-- An object of texts by the keys of contact_fields, whatever their type; NULL without any. SQLite keeps it as text.
ALTER TABLE contacts ADD COLUMN fields JSONB;
-- Where the contact came from: 'inbound', 'api', 'import' …
ALTER TABLE contacts ADD COLUMN source TEXT;
ALTER TABLE contacts ADD COLUMN created_by TEXT;
-- When it was archived; NULL while it is in use.
ALTER TABLE contacts ADD COLUMN archived_at TIMESTAMPTZ;
-- One more with each change by people, the API and imports.
ALTER TABLE contacts ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX contacts_by_external_id ON contacts (tenant_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX contacts_by_given_name ON contacts (tenant_id, LOWER(given_name) /*postgres COLLATE "C"*/) WHERE given_name IS NOT NULL;

-- Segments read the conversations of a range of a tenant's contacts.
CREATE INDEX conversations_by_contact ON conversations (tenant_id, contact_id, window_expires_at);

-- A custom field of a tenant's contacts. The type never changes: another type is another key.
CREATE TABLE contact_fields (
    tenant_id UUID NOT NULL,
    key TEXT NOT NULL,
    label TEXT NOT NULL,
    type TEXT NOT NULL /*postgres
        CONSTRAINT contact_fields_type_is_known CHECK (type IN ('text', 'number', 'boolean', 'date', 'datetime', 'choice'))*/,
    -- JSON, of a choice: a list of texts.
    choices TEXT,
    position BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    archived_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, key)
);

-- A tag of contacts, a list of contacts, or a label of tickets.
CREATE TABLE tags (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL /*postgres CONSTRAINT tags_kind_is_known CHECK (kind IN ('contact', 'list', 'ticket'))*/,
    name TEXT NOT NULL,
    -- The name without differences of case: unique within the kind.
    folded TEXT NOT NULL,
    -- Six hexadecimal digits.
    colour TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX tags_by_name ON tags (tenant_id, kind, folded);

-- A tag that a contact has, or a list that it is on.
CREATE TABLE contact_tags (
    tenant_id UUID NOT NULL,
    tag_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, tag_id, contact_id)
);
CREATE INDEX contact_tags_by_contact ON contact_tags (tenant_id, contact_id);

-- A named filter of contacts.
CREATE TABLE segments (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    -- The text of the filter.
    filter TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- The last complete count, and its time.
    counted BIGINT,
    counted_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    archived_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX segments_by_name ON segments (tenant_id, folded) WHERE archived_at IS NULL;

-- The consent ledger: what a contact allowed or refused, with its proof. Rows are never changed.
CREATE TABLE consents (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    contact_id UUID NOT NULL,
    purpose TEXT NOT NULL /*postgres CONSTRAINT consents_purpose_is_known CHECK (purpose IN ('marketing', 'all'))*/,
    -- The nil UUID is all channels.
    channel_id UUID NOT NULL,
    status TEXT NOT NULL /*postgres CONSTRAINT consents_status_is_known CHECK (status IN ('granted', 'revoked'))*/,
    source TEXT NOT NULL /*postgres CONSTRAINT consents_source_is_known
        CHECK (source IN ('api', 'import', 'agent', 'form', 'ad', 'keyword', 'button', 'meta_preference'))*/,
    -- Whether a grant lifts what the contact refused themself.
    override BOOLEAN NOT NULL DEFAULT FALSE,
    occurred_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    -- JSON: the proof.
    evidence TEXT,
    -- The message that it was said in.
    message_id UUID,
    -- The import, and the row of its file.
    import_id UUID,
    import_row BIGINT,
    created_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX consents_by_contact ON consents (tenant_id, contact_id, id);
CREATE UNIQUE INDEX consents_by_message ON consents (tenant_id, message_id, purpose) WHERE message_id IS NOT NULL;
CREATE UNIQUE INDEX consents_by_import ON consents (tenant_id, import_id, import_row) WHERE import_id IS NOT NULL;

-- The present consent of a contact, computed from all its rows of the ledger.
CREATE TABLE contact_consents (
    tenant_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    purpose TEXT NOT NULL /*postgres CONSTRAINT contact_consents_purpose_is_known CHECK (purpose IN ('marketing', 'all'))*/,
    -- The nil UUID is all channels.
    channel_id UUID NOT NULL,
    status TEXT NOT NULL /*postgres CONSTRAINT contact_consents_status_is_known CHECK (status IN ('granted', 'revoked'))*/,
    since TIMESTAMPTZ NOT NULL,
    -- The row of the ledger that decided it.
    consent_id UUID NOT NULL,
    -- When a message confirmed it to the contact.
    confirmed_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, contact_id, purpose, channel_id)
);

-- Words by which contacts opt out, opt in, or ask for help. A built-in rule has a row only where the tenant changed it.
CREATE TABLE keyword_rules (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    action TEXT NOT NULL /*postgres CONSTRAINT keyword_rules_action_is_known CHECK (action IN ('stop', 'start', 'help'))*/,
    purpose TEXT NOT NULL /*postgres CONSTRAINT keyword_rules_purpose_is_known CHECK (purpose IN ('marketing', 'all'))*/,
    language TEXT NOT NULL,
    -- JSON: lists of texts.
    words TEXT NOT NULL,
    polite_tails TEXT NOT NULL,
    reply TEXT,
    enabled BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Contacts and conversations that were merged into others.
CREATE TABLE contact_redirects (
    tenant_id UUID NOT NULL,
    old_id UUID NOT NULL,
    into_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, old_id)
);
CREATE INDEX contact_redirects_by_target ON contact_redirects (tenant_id, into_id);
CREATE TABLE conversation_redirects (
    tenant_id UUID NOT NULL,
    old_id UUID NOT NULL,
    into_id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, old_id)
);
CREATE INDEX conversation_redirects_by_target ON conversation_redirects (tenant_id, into_id);

-- A merge, with what the contact that went had and the other one does not have now.
CREATE TABLE contact_merges (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    into_id UUID NOT NULL,
    from_id UUID NOT NULL,
    -- JSON.
    journal TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- Rare work that takes longer than a request: one row each, and a queue per kind.
CREATE TABLE tasks (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    kind TEXT NOT NULL /*postgres CONSTRAINT tasks_kind_is_known CHECK (kind IN ('import', 'export', 'segment_count'))*/,
    -- What it is about, such as a segment.
    subject UUID,
    -- JSON: what is to be done.
    spec TEXT NOT NULL,
    -- How far it is. A step is written only by who began it here.
    position BIGINT NOT NULL DEFAULT 0,
    -- JSON: what was counted so far, and the result at the end.
    counts TEXT,
    result TEXT,
    canceled_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT tasks_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX tasks_due ON tasks (kind, due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX tasks_by_tenant ON tasks (tenant_id, kind, id);

-- A row of an imported file that failed or lost a cell.
CREATE TABLE import_errors (
    tenant_id UUID NOT NULL,
    task_id UUID NOT NULL,
    -- The number of the row in the file, and of the error in the row.
    file_row BIGINT NOT NULL,
    number BIGINT NOT NULL,
    code TEXT NOT NULL,
    column_name TEXT,
    -- At most 100 characters.
    value TEXT,
    PRIMARY KEY (tenant_id, task_id, file_row, number)
);

-- Whether marketing goes only to contacts who have allowed it.
ALTER TABLE tenants ADD COLUMN require_opt_in BOOLEAN NOT NULL DEFAULT FALSE;
