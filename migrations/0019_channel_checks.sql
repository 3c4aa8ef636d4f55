-- The standing order to ask Meta about a channel: one row for each, under the channel's id, always due again some time.
CREATE TABLE channel_checks (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    -- When somebody last asked for one: a check that began before has not seen what they mean.
    wanted_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX channel_checks_due ON channel_checks (due_at, id) WHERE state IN ('pending', 'running');
INSERT INTO channel_checks (id, tenant_id, wanted_at, due_at) SELECT id, tenant_id, created_at, created_at FROM channels;
