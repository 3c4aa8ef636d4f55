-- Messages on their way to Meta. The message itself stands in `messages`, from the moment it was accepted here; this is the work.
CREATE TABLE sends (
    -- The message's.
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    -- 0 reply, 1 transactional, 2 campaign.
    lane BIGINT NOT NULL,
    -- The lane of the queue: that of the message, but 0 for one that comes at the time it was promised.
    urgency BIGINT NOT NULL,
    -- 'phone' (digits), 'user_id' or 'group'.
    recipient_kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    -- The type, and what Meta has under that name: JSON.
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    -- What else goes into the request: JSON.
    options TEXT NOT NULL,
    expires_at TIMESTAMPTZ,
    -- Attempts begun; the newest has this number.
    tries BIGINT NOT NULL DEFAULT 0,
    -- When the governor said to come again.
    promised_at TIMESTAMPTZ,
    -- Not sent before, because Meta gave it up and said to wait.
    not_before TIMESTAMPTZ,
    -- Why it is quarantined: 'breaker' (the channel may not send) or 'unknown' (nobody knows whether it was sent).
    held TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX sends_due ON sends (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX sends_kept ON sends (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');
-- Its condition says nothing of the state, or a planner without statistics might claim rows by it, going through all that wait.
CREATE INDEX sends_waiting ON sends (channel_id, lane) WHERE finished_at IS NULL;
CREATE INDEX sends_held ON sends (channel_id) WHERE state = 'quarantined';
CREATE INDEX sends_promised ON sends (channel_id) WHERE promised_at IS NOT NULL AND state = 'pending';
CREATE INDEX sends_again ON sends (id) WHERE state = 'done' AND not_before IS NOT NULL;
CREATE INDEX sends_finished ON sends (finished_at) WHERE finished_at IS NOT NULL;

-- Every call to Meta, written before it is made. Its id goes along (biz_opaque_callback_data) and comes back with the statuses.
CREATE TABLE send_attempts (
    id UUID NOT NULL PRIMARY KEY,
    message_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    -- 1 is the first.
    number BIGINT NOT NULL,
    -- 'open' while nothing is known, then 'accepted', 'rejected', 'not_sent' or 'unknown'.
    outcome TEXT NOT NULL,
    -- What proves the outcome: 'answer', 'status' or 'person'; NULL while nothing does.
    evidence TEXT,
    wamid TEXT,
    http_status BIGINT,
    error_code BIGINT,
    error_title TEXT,
    -- In words: Meta's details, or what happened to the connection.
    error_details TEXT,
    started_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    UNIQUE (message_id, number)
);

-- Answers given, for whoever asks again with the same key within a day.
CREATE TABLE idempotency_keys (
    tenant_id UUID NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of the request.
    digest BYTEA NOT NULL,
    message_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What Meta last said of a number, and the breaker: a tripped channel sends nothing until it was checked.
ALTER TABLE channels ADD COLUMN throughput BIGINT;
ALTER TABLE channels ADD COLUMN quality TEXT;
ALTER TABLE channels ADD COLUMN messaging_limit TEXT;
ALTER TABLE channels ADD COLUMN checked_at TIMESTAMPTZ;
ALTER TABLE channels ADD COLUMN tripped_at TIMESTAMPTZ;
ALTER TABLE channels ADD COLUMN trip_code BIGINT;
ALTER TABLE channels ADD COLUMN trip_reason TEXT;
-- The lanes whose messages are kept back, and not sent again, when nobody knows whether they were sent: words separated by
-- spaces. NULL is the default, 'campaign'.
ALTER TABLE tenants ADD COLUMN hold_unknown TEXT;
