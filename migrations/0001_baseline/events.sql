-- Domain events.

-- The sequence of a tenant's events. It has no gaps: it is drawn from this row, which stays locked until the commit, so a reader at N
-- has missed nothing that commits later.
CREATE TABLE event_cursors (
    tenant_id UUID NOT NULL PRIMARY KEY,
    last_sequence BIGINT NOT NULL
);

-- A domain event.
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
    -- Where it happened; NULL elsewhere than on a channel or in a conversation.
    channel_id UUID,
    conversation_id UUID,
    PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX events_by_age ON events (created_at);
