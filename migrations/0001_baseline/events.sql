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
    -- Who caused it: the id of an API key, `operator` or `system`.
    actor TEXT NOT NULL DEFAULT 'system',
    PRIMARY KEY (tenant_id, sequence)
);
CREATE INDEX events_by_age ON events (created_at);

-- How far a consumer has come in a tenant's events. A recurring job: never at its end, due when there are events to be consumed.
CREATE TABLE event_consumers (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    consumer TEXT NOT NULL,
    -- The last sequence consumed. It advances in the transaction of the consumer's effects.
    sequence BIGINT NOT NULL DEFAULT 0,
    requested_at TIMESTAMPTZ,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT event_consumers_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    UNIQUE (tenant_id, consumer)
);
CREATE INDEX event_consumers_due ON event_consumers (due_at, id) WHERE state IN ('pending', 'running');
