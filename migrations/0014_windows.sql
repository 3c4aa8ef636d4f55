-- The end of the service window of which was told that it is near: each window is told of once.
ALTER TABLE conversations ADD COLUMN window_told_for TIMESTAMPTZ;
-- Only windows that nobody was told of, so that it stays small.
CREATE INDEX conversations_by_window ON conversations (window_expires_at)
    WHERE window_expires_at IS NOT NULL AND (window_told_for IS NULL OR window_told_for < window_expires_at);
