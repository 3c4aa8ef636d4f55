-- Webhooks as they came. Retention deletes in chunks by id, whose first 48 bits are the time of receipt.
CREATE TABLE raw_events (
    id UUID NOT NULL PRIMARY KEY,
    received_at TIMESTAMPTZ NOT NULL,
    -- The tenant whose own app secret signed it; NULL when it was the operator's.
    signer UUID,
    -- SHA-256 of the body.
    digest BYTEA NOT NULL,
    -- Fields found in it, separated by spaces; NULL until processed.
    fields TEXT,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    -- Last, so that a change of state need not read past it.
    body BYTEA NOT NULL
);

CREATE INDEX raw_events_due ON raw_events (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX raw_events_kept ON raw_events (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');
