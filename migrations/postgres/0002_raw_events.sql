-- Webhooks as they came. Partitioned by id, whose first 48 bits are the time of receipt, so that one key serves as identity,
-- order and partition, and retention drops whole partitions. The default partition takes what no day was made for.
CREATE TABLE raw_events (
    id UUID NOT NULL PRIMARY KEY,
    received_at TIMESTAMPTZ NOT NULL,
    -- The tenant whose own app secret signed it; NULL when it was the operator's.
    signer UUID,
    -- SHA-256 of the body.
    digest BYTEA NOT NULL,
    body BYTEA NOT NULL,
    -- Fields found in it, separated by spaces; NULL until processed.
    fields TEXT,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
) PARTITION BY RANGE (id);

CREATE TABLE raw_events_default PARTITION OF raw_events DEFAULT;

-- Bodies are compressed by nobody: they are small, and the acknowledgement waits for them.
ALTER TABLE raw_events ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE INDEX raw_events_due ON raw_events (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX raw_events_kept ON raw_events (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');
