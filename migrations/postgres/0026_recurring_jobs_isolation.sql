
-- The cursors, behind the same rule as the events.
SELECT mainstay_isolate('event_consumers');
ALTER TABLE event_consumers ADD CONSTRAINT event_consumers_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
