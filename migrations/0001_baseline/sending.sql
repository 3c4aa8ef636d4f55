-- The work of sending, and what limits it.

-- A send: the work of an outbound message. The message itself is in messages, from the moment it was accepted.
CREATE TABLE sends (
    -- The message's.
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    -- The message's lane: 0 reply, 1 transactional, 2 campaign.
    lane BIGINT NOT NULL,
    -- The lane in the queue: the message's, but 0 for a send that comes at its reservation.
    queue_lane BIGINT NOT NULL,
    -- A phone is its digits.
    recipient_kind TEXT NOT NULL /*postgres
        CONSTRAINT sends_recipient_kind_is_known CHECK (recipient_kind IN ('phone', 'user_id', 'group'))*/,
    recipient TEXT NOT NULL,
    -- The type, and what Meta has under that name: JSON.
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    -- What else goes into the request: JSON.
    options TEXT NOT NULL,
    expires_at TIMESTAMPTZ,
    -- The rate limiter's reservation: when to ask it again.
    reserved_until TIMESTAMPTZ,
    -- Not sent before this time: Meta rejected it, and said to wait.
    not_before TIMESTAMPTZ,
    -- Why it is held. Quarantined: 'breaker' (the channel may not send), 'campaigns' (they are paused), 'unknown' (the outcome of an
    -- attempt). Pending: 'daily_limit' (the portfolio's is reached), 'called' (released from the daily limit, and not yet counted).
    held TEXT /*postgres
        CONSTRAINT sends_held_is_known CHECK (held IN ('breaker', 'campaigns', 'unknown', 'daily_limit', 'called'))*/,
    created_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres CONSTRAINT sends_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
)
-- Room on the pages. Most updates change an indexed column; the table stays a third smaller all the same.
/*postgres WITH (fillfactor = 70)*/;
-- Every index that a send appears in is written at each of its steps: there are as few as possible.
CREATE INDEX sends_due ON sends (due_at, id) WHERE state IN ('pending', 'running');
CREATE INDEX sends_kept ON sends (state, id) WHERE state IN ('dead', 'quarantined', 'discarded');
-- Its condition says nothing of the state, or a planner without statistics might claim rows by it, going through all that wait.
CREATE INDEX sends_waiting ON sends (channel_id, lane) WHERE finished_at IS NULL;
CREATE INDEX sends_held ON sends (channel_id) WHERE state = 'quarantined';
CREATE INDEX sends_again ON sends (id) WHERE state = 'done' AND not_before IS NOT NULL;
CREATE INDEX sends_finished ON sends (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX sends_by_hold ON sends (held, channel_id) WHERE held IS NOT NULL;

-- An attempt: one call to Meta for a send, written before it is made. Its id goes along (biz_opaque_callback_data) and comes back with
-- the statuses.
CREATE TABLE send_attempts (
    id UUID NOT NULL PRIMARY KEY,
    message_id UUID NOT NULL,
    tenant_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    -- 1 is the first.
    number BIGINT NOT NULL,
    -- 'open' until the outcome is known.
    outcome TEXT NOT NULL /*postgres CONSTRAINT send_attempts_outcome_is_known
        CHECK (outcome IN ('open', 'accepted', 'rejected', 'not_sent', 'unknown'))*/,
    -- What proves the outcome; NULL while nothing does.
    evidence TEXT /*postgres CONSTRAINT send_attempts_evidence_is_known CHECK (evidence IN ('answer', 'status', 'person'))*/,
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

-- An idempotency key, with the answer to its first request.
CREATE TABLE idempotency_keys (
    tenant_id UUID NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of the request.
    digest BYTEA NOT NULL,
    -- The message that the request created; for other requests an id that identifies the request.
    message_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- The answer, sealed; NULL while the request is in progress, for good where the process ended meanwhile, and for messages, which
    -- are shown as they stand.
    http_status BIGINT,
    answer BYTEA,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- The daily limit of a business portfolio, under its id or an account's: how many contacts it may write to in 24 hours outside service
-- windows. A portfolio may have accounts of several tenants: the limit is one, so the rows of all tenants are looked at together.
CREATE TABLE portfolios (
    tenant_id UUID NOT NULL,
    portfolio TEXT NOT NULL,
    -- As Meta reports it; NULL until known, -1 without a limit.
    daily_limit BIGINT,
    -- As a webhook signed with the tenant's own secret reports it. Holds for this tenant until Meta reports another; -1 without a limit.
    own_limit BIGINT,
    -- The rows of portfolio_recipients, expired ones not removed yet included. Whoever changes it holds the lock of this row.
    used BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, portfolio)
);
CREATE INDEX portfolios_by_name ON portfolios (portfolio, tenant_id);

-- A contact that counts against a portfolio's daily limit, for 24 hours after the last message outside a service window.
CREATE TABLE portfolio_recipients (
    tenant_id UUID NOT NULL,
    portfolio TEXT NOT NULL,
    contact_id UUID NOT NULL,
    -- The first attempt that counted, and the number of attempts: when Meta rejects the only one, the row is removed.
    attempt_id UUID NOT NULL,
    sends BIGINT NOT NULL,
    last_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (contact_id, portfolio, tenant_id)
);
CREATE INDEX portfolio_recipients_by_time ON portfolio_recipients (portfolio, last_at, contact_id);
