-- Messages that are accepted for later.

-- When the message is to be sent at the earliest; NULL is at once.
ALTER TABLE sends ADD COLUMN send_at TIMESTAMPTZ;
-- Those of a channel that wait for their time.
CREATE INDEX sends_scheduled ON sends (channel_id, send_at) WHERE send_at IS NOT NULL AND finished_at IS NULL;
