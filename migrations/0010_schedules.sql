-- Work that recurs at planned times, and its runs.

-- A schedule: a row of a recurring queue.
CREATE TABLE schedules (
    id UUID NOT NULL PRIMARY KEY,
    -- The nil UUID for the installation's own work, which no tenant sees.
    tenant_id UUID NOT NULL,
    name TEXT NOT NULL,
    -- The kind of the tasks that it makes.
    kind TEXT NOT NULL,
    -- A cron pattern, and the IANA zone in whose local time it is meant.
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    -- JSON: the spec of its tasks.
    payload TEXT NOT NULL,
    -- What happens at a planned time that passed by more than `grace_s` seconds.
    missed TEXT NOT NULL /*postgres CONSTRAINT schedules_missed_is_known CHECK (missed IN ('start', 'skip'))*/,
    grace_s BIGINT NOT NULL,
    paused_at TIMESTAMPTZ,
    -- The next planned time. `due_at` is the queue's: it is also when a lease ends, or a failed run is tried again.
    next_at TIMESTAMPTZ NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT schedules_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    -- As every queue has them: see dead letters.
    revivals BIGINT NOT NULL DEFAULT 0,
    archived_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX schedules_by_name ON schedules (tenant_id, name);
CREATE INDEX schedules_due ON schedules (due_at, id) WHERE state IN ('pending', 'running');

-- A run of a schedule: one for each planned time, whoever and however many planned it.
CREATE TABLE schedule_runs (
    tenant_id UUID NOT NULL,
    schedule_id UUID NOT NULL,
    planned_at TIMESTAMPTZ NOT NULL,
    status TEXT NOT NULL /*postgres
        CONSTRAINT schedule_runs_status_is_known CHECK (status IN ('fired', 'done', 'failed', 'skipped'))*/,
    -- Whether somebody asked for it, at a time that the schedule does not have.
    asked BOOLEAN NOT NULL,
    -- NULL if nothing was started.
    task_id UUID,
    -- The process that started it.
    worker TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    -- Planned times before this one that passed without a run.
    skipped BIGINT NOT NULL,
    error TEXT,
    PRIMARY KEY (tenant_id, schedule_id, planned_at)
);
CREATE INDEX schedule_runs_open ON schedule_runs (tenant_id, schedule_id) WHERE status = 'fired';
CREATE INDEX schedule_runs_by_task ON schedule_runs (task_id) WHERE task_id IS NOT NULL;

-- What Meta calls our files, from the oldest on: a cache that is cleaned.
CREATE INDEX media_uploads_by_age ON media_uploads (valid_until);

/*postgres
SELECT mainstay_isolate('schedules', 'schedule_runs');

ALTER TABLE tasks DROP CONSTRAINT tasks_kind_is_known;
ALTER TABLE tasks ADD CONSTRAINT tasks_kind_is_known
    CHECK (kind IN ('import', 'export', 'segment_count', 'verification', 'retry_dead', 'clean_cache', 'retention')) NOT VALID;
*/
