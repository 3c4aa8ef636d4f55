-- Dead letters: how often a row was revived, and whether it was archived.
--
-- `revivals` counts, and is 100 more once its handler has refused the row for good. An archived row stays dead. Rows of recurring
-- queues are never dead: they have the columns because the statements of all queues are the same.

ALTER TABLE raw_events ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE raw_events ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE sends ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sends ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE media ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE media_files ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE media_files ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE tasks ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE template_syncs ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE template_syncs ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE channel_checks ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channel_checks ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE endpoint_jobs ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE endpoint_jobs ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE event_consumers ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event_consumers ADD COLUMN archived_at TIMESTAMPTZ;
ALTER TABLE campaign_jobs ADD COLUMN revivals BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaign_jobs ADD COLUMN archived_at TIMESTAMPTZ;

-- What waits for its next revival, and what was revived. A row is in neither before it has died.
CREATE INDEX raw_events_dead ON raw_events (finished_at) WHERE state = 'dead' AND archived_at IS NULL;
CREATE INDEX raw_events_revived ON raw_events (state) WHERE revivals > 0;
CREATE INDEX sends_dead ON sends (finished_at) WHERE state = 'dead' AND archived_at IS NULL;
CREATE INDEX sends_revived ON sends (state) WHERE revivals > 0;
CREATE INDEX media_dead ON media (finished_at) WHERE state = 'dead' AND archived_at IS NULL;
CREATE INDEX media_revived ON media (state) WHERE revivals > 0;
CREATE INDEX media_files_dead ON media_files (finished_at) WHERE state = 'dead' AND archived_at IS NULL;
CREATE INDEX media_files_revived ON media_files (state) WHERE revivals > 0;
CREATE INDEX tasks_dead ON tasks (finished_at) WHERE state = 'dead' AND archived_at IS NULL;
CREATE INDEX tasks_revived ON tasks (state) WHERE revivals > 0;
