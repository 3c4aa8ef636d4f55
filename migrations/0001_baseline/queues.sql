-- What is kept about queues. A queue itself is a table of its subject.

-- A paused queue.
CREATE TABLE queue_pauses (
    queue TEXT NOT NULL PRIMARY KEY,
    paused_at TIMESTAMPTZ NOT NULL
);

-- Finished jobs of a queue in one minute. A minute has several rows (shards), so that concurrent batches do not wait for each
-- other's row; minute 0 holds the sum of old minutes.
CREATE TABLE queue_counts (
    queue TEXT NOT NULL,
    minute BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    done BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    PRIMARY KEY (queue, minute, shard)
);

-- A worker process with a recent heartbeat.
CREATE TABLE workers (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT NOT NULL,
    pid BIGINT NOT NULL,
    version TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    -- A JSON object: queue → jobs in flight.
    in_hand TEXT NOT NULL
);

-- A marker: the jobs that a worker has in flight of a queue without leases, written before they run. One that outlives its worker
-- tells of jobs that may have killed it; another worker runs each of them alone, under a marker of its own.
CREATE TABLE job_markers (
    -- Of a marker for one suspected job: the job's id.
    id UUID NOT NULL PRIMARY KEY,
    queue TEXT NOT NULL,
    -- The worker; '' when nobody runs the job now.
    worker TEXT NOT NULL,
    -- The ids of the jobs, 16 bytes each.
    jobs BYTEA NOT NULL,
    -- Runs of a suspected job that began; those that ended removed the marker.
    crashes BIGINT NOT NULL DEFAULT 0,
    started_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX job_markers_by_queue ON job_markers (queue, started_at);
