-- Webhooks as they came, and what could not be applied of them.

-- A raw event: one webhook. The first 48 bits of the id are the time of receipt, so that one key serves as identity, order and, on
-- PostgreSQL, partition: retention drops whole partitions there, and deletes in chunks by id on SQLite.
CREATE TABLE raw_events (
    id UUID NOT NULL PRIMARY KEY,
    received_at TIMESTAMPTZ NOT NULL,
    -- The provider that sent it: 'meta'.
    source TEXT NOT NULL DEFAULT 'meta' /*postgres
        CONSTRAINT raw_events_source_is_known CHECK (source IN ('meta'))*/,
    -- The tenant whose app secret signed it; NULL when it was the operator's.
    signer UUID,
    -- A digest of the tenant's app secret that signed it: several tenants may have the same.
    app_secret_id UUID,
    -- SHA-256 of the body.
    digest BYTEA NOT NULL,
    -- Fields found in it, separated by spaces; NULL until processed.
    fields TEXT,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT raw_events_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    -- Last, so that a change of state need not read past it.
    body BYTEA NOT NULL
) /*postgres PARTITION BY RANGE (id)*/;
CREATE INDEX raw_events_due ON raw_events (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX raw_events_kept ON raw_events (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');

-- A raw event that waits until a tenant adds its number or account.
CREATE TABLE quarantine (
    -- 'phone_number:ID' or 'waba:ID'.
    subject TEXT NOT NULL,
    raw_event_id UUID NOT NULL,
    quarantined_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject, raw_event_id)
);
CREATE INDEX quarantine_by_event ON quarantine (raw_event_id);

-- An item of a raw event that was not understood. Its bytes are in the body, at the path.
CREATE TABLE unrecognized_items (
    raw_event_id UUID NOT NULL,
    path TEXT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (raw_event_id, path)
);
CREATE INDEX unrecognized_items_by_field ON unrecognized_items (field, seen_at);
