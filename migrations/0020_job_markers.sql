-- What workers have in hand of queues whose jobs lock their rows only while they work: written before a job runs, so that a process which
-- dies of a job leaves a trace of it. A worker that meets a job in a marker of another worker runs it alone, and counts that before.
CREATE TABLE job_markers (
    -- Of a marker for one suspected job: the job's id.
    id UUID NOT NULL PRIMARY KEY,
    queue TEXT NOT NULL,
    -- The worker; '' when nobody runs the job now.
    worker TEXT NOT NULL,
    -- The ids of the jobs, 16 bytes each.
    jobs BYTEA NOT NULL,
    -- Runs of a suspected job that began; those that ended took the marker with them.
    crashes BIGINT NOT NULL DEFAULT 0,
    started_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX job_markers_by_queue ON job_markers (queue, started_at);
