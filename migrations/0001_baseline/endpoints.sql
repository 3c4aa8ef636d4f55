-- Endpoints and the deliveries to them.

-- An endpoint: a tenant's address that gets events.
CREATE TABLE endpoints (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    -- JSON: exact types, 'family.*' or '*'.
    event_types TEXT NOT NULL,
    -- JSON: ids of the channels whose events it gets; NULL is all, and events of no channel.
    channels TEXT,
    rate_limit_per_second BIGINT,
    -- JSON: name to value. Sealed, for a value may be a password.
    headers BYTEA,
    -- Whether the events of one conversation come one after the other.
    ordered BOOLEAN NOT NULL,
    -- Maximum number of requests at a time.
    max_concurrent BIGINT NOT NULL,
    -- Sealed. The previous one signs too, until its time.
    secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_secret_until TIMESTAMPTZ,
    -- Nothing is sent while it is disabled, and events of that time are not kept for it.
    disabled_at TIMESTAMPTZ,
    disabled_reason TEXT,
    -- Hidden since then; its deliveries are removed a little at a time, and then it is.
    deleted_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- Counts changes by people: a dispatcher loads it again, and its health from before is void.
    revision BIGINT NOT NULL DEFAULT 0,
    -- Health: since when there are only failures, and how many.
    failing_since TIMESTAMPTZ,
    failures_in_row BIGINT NOT NULL DEFAULT 0,
    warned_at TIMESTAMPTZ,
    -- The circuit breaker: since when it is open, the next probe, and the number of failed probes.
    tripped_at TIMESTAMPTZ,
    probe_at TIMESTAMPTZ,
    probes BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    last_error_at TIMESTAMPTZ,
    last_success_at TIMESTAMPTZ,
    -- Who made it: the id of an API key, `operator` or `system`.
    created_by TEXT
);
CREATE INDEX endpoints_by_tenant ON endpoints (tenant_id, id);

-- The recurring job that serves an endpoint, under the endpoint's id: due when its next delivery is.
CREATE TABLE endpoint_jobs (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT endpoint_jobs_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    -- When a run was last requested: a run that began before it is followed by another.
    requested_at TIMESTAMPTZ
);
CREATE INDEX endpoint_jobs_due ON endpoint_jobs (due_at, id) WHERE state IN ('pending', 'running');

-- A delivery: an event on its way to an endpoint.
CREATE TABLE deliveries (
    endpoint_id UUID NOT NULL,
    -- Derived from the event's and the endpoint's, so that there is one for both, however often it is created.
    id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    event_id UUID NOT NULL,
    -- Of the event: with the tenant it is the event's key.
    sequence BIGINT NOT NULL,
    type TEXT NOT NULL,
    -- The conversation within which order is kept.
    order_key UUID,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT deliveries_state_is_known CHECK (state IN ('pending', 'done', 'dead'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Attempts made before it was last replayed; the schedule counts from there.
    attempts_before BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    -- Of the last attempt: the HTTP status, if there was an answer, and the error.
    last_status BIGINT,
    last_error TEXT,
    PRIMARY KEY (endpoint_id, id)
);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, id) WHERE state = 'pending';
CREATE INDEX deliveries_in_order ON deliveries (endpoint_id, order_key, sequence)
    WHERE order_key IS NOT NULL AND state = 'pending';
CREATE INDEX deliveries_dead ON deliveries (endpoint_id, id) WHERE state = 'dead';

-- An attempt of a delivery: one request to the endpoint.
CREATE TABLE delivery_attempts (
    delivery_id UUID NOT NULL,
    -- 1 is the first.
    number BIGINT NOT NULL,
    tenant_id UUID NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    duration_us BIGINT NOT NULL,
    -- 'succeeded', 'status', 'redirect', 'timeout', 'unreachable', 'refused' or 'expired'.
    outcome TEXT NOT NULL,
    http_status BIGINT,
    error TEXT,
    -- The first 4 KB of the answer.
    answer TEXT,
    PRIMARY KEY (delivery_id, number)
);
