-- A queue is a table of its own; here is only what is said about queues.

CREATE TABLE queue_pauses (
    queue TEXT NOT NULL PRIMARY KEY,
    paused_at TIMESTAMPTZ NOT NULL
);

-- Finished work by minute. Several rows (shards) a minute, so that concurrent batches do not wait for each other's row;
-- minute 0 holds what was folded together later.
CREATE TABLE queue_counts (
    queue TEXT NOT NULL,
    minute BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    done BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    PRIMARY KEY (queue, minute, shard)
);

-- Worker processes that are alive, or were a moment ago.
CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    version TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    -- A JSON object: queue → rows in hand.
    in_hand TEXT NOT NULL
);

-- Raw events that wait for a channel or an account to be added.
CREATE TABLE quarantine (
    -- 'phone_number:ID' or 'waba:ID'.
    subject TEXT NOT NULL,
    raw_event_id UUID NOT NULL,
    since TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject, raw_event_id)
);
CREATE INDEX quarantine_by_event ON quarantine (raw_event_id);

-- Items that were not understood. Their bytes are in the raw event, at the path.
CREATE TABLE unrecognized_items (
    raw_event_id UUID NOT NULL,
    path TEXT NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (raw_event_id, path)
);
CREATE INDEX unrecognized_items_by_field ON unrecognized_items (field, seen_at);
