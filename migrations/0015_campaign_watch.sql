-- Campaigns on which nothing moves, and recipients that are kept for so long.

-- What the watchdog saw of a live campaign, as a text that changes when anything moves, and when it last changed.
ALTER TABLE campaigns ADD COLUMN watch_mark TEXT;
ALTER TABLE campaigns ADD COLUMN moved_at TIMESTAMPTZ;
-- Since when nothing moves though it waits for nothing; NULL otherwise.
ALTER TABLE campaigns ADD COLUMN stalled_since TIMESTAMPTZ;
-- When its recipients and rows were removed; NULL while they are kept.
ALTER TABLE campaigns ADD COLUMN recipients_removed_at TIMESTAMPTZ;
CREATE INDEX campaigns_to_clear ON campaigns (finished_at) WHERE finished_at IS NOT NULL AND recipients_removed_at IS NULL;
