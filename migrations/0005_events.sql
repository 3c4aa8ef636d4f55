-- What happened, for readers and receivers. The sequence is per tenant and has no gaps: it is drawn from the cursor row, which
-- stays locked until the commit, so whoever has read up to N has missed nothing that commits later.
CREATE TABLE event_cursors (
    tenant_id UUID NOT NULL PRIMARY KEY,
    last_sequence BIGINT NOT NULL
);

CREATE TABLE events (
    tenant_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    id UUID NOT NULL,
    type TEXT NOT NULL,
    version BIGINT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- JSON.
    data TEXT NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX events_by_age ON events (created_at);
