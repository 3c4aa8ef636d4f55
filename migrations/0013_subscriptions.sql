-- Where tenants' programs want to hear of events. Its id is that of its row in delivery_lines.
CREATE TABLE endpoints (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    -- JSON: exact types, 'family.*' or '*'.
    event_types TEXT NOT NULL,
    -- JSON: ids of channels whose events it wants; NULL is all, and events of no channel.
    channels TEXT,
    rate_limit_per_second BIGINT,
    -- JSON: name to value. Sealed, for a value may be a password.
    headers BYTEA,
    -- Whether the events of one conversation come one after the other.
    ordered BOOLEAN NOT NULL,
    -- Requests under way at a time.
    max_concurrent BIGINT NOT NULL,
    -- Sealed. Until the time named, the one before signs too.
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_secret_until TIMESTAMPTZ,
    -- Nothing is sent there while it is set, and what happens meanwhile is not kept for it.
    disabled_at TIMESTAMPTZ,
    disabled_reason TEXT,
    -- It is gone for everybody; its deliveries are removed a little at a time, and then it is.
    deleted_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- Counts changes by people: who sends to it looks again then, and what was found out of it before holds no longer.
    revision BIGINT NOT NULL DEFAULT 0,
    -- How it stands. Since when nothing but failures, and how many.
    failing_since TIMESTAMPTZ,
    failures_in_row BIGINT NOT NULL DEFAULT 0,
    warned_at TIMESTAMPTZ,
    -- The breaker: open since then, tried again at that time, tried in vain so often.
    tripped_at TIMESTAMPTZ,
    probe_at TIMESTAMPTZ,
    probes BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    last_error_at TIMESTAMPTZ,
    last_success_at TIMESTAMPTZ
);
CREATE INDEX endpoints_by_tenant ON endpoints (tenant_id, id);

-- The work on an endpoint, one row for each, never at its end: due when the next of its deliveries is.
CREATE TABLE delivery_lines (
    -- The endpoint's.
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX delivery_lines_due ON delivery_lines (due_at, id) WHERE state IN ('pending', 'running');

-- An event on its way to an endpoint.
CREATE TABLE deliveries (
    endpoint_id UUID NOT NULL,
    -- Made from the event's and the endpoint's, so that there is one for both, however often it is asked for.
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    event_id UUID NOT NULL,
    -- Of the event: with the tenant it is the event's key.
    sequence BIGINT NOT NULL,
    type TEXT NOT NULL,
    -- The conversation within which order is kept.
    order_key UUID,
    -- 'pending', 'done' or 'dead'.
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Attempts made before somebody asked for it again; the schedule counts from there.
    attempts_before BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    -- Of the last attempt: the HTTP status, if there was an answer, and what was wrong.
    last_status BIGINT,
    last_error TEXT,
    PRIMARY KEY (endpoint_id, id)
);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, order_key, sequence)
    WHERE order_key IS NOT NULL AND state = 'pending';
CREATE INDEX deliveries_dead ON deliveries (endpoint_id, id) WHERE state = 'dead';

-- Every request that was made for a delivery.
CREATE TABLE delivery_attempts (
    delivery_id UUID NOT NULL,
    -- 1 is the first.
    number BIGINT NOT NULL,
    tenant_id UUID NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    duration_us BIGINT NOT NULL,
    -- 'succeeded', 'status', 'redirect', 'timeout', 'unreachable' or 'refused'.
    outcome TEXT NOT NULL,
    http_status BIGINT,
    error TEXT,
    -- The first 4 KB of what was answered.
    answer TEXT,
    PRIMARY KEY (delivery_id, number)
);
