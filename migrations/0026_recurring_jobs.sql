-- When somebody last asked for a run, as in the tables of the other recurring jobs.
ALTER TABLE delivery_lines ADD COLUMN wanted_at TIMESTAMPTZ;

-- How far each consumer has come in a tenant's events: one row for each, never at its end, due when there are events to be consumed.
CREATE TABLE event_consumers (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    consumer TEXT NOT NULL,
    -- The last sequence consumed. It advances in the transaction of the consumer's effects.
    sequence BIGINT NOT NULL DEFAULT 0,
    wanted_at TIMESTAMPTZ,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    UNIQUE (tenant_id, consumer)
);
CREATE INDEX event_consumers_due ON event_consumers (due_at, id) WHERE state IN ('pending', 'running');
