-- What columns of states and kinds may hold. A test compares each list with the enum that reads the column.
ALTER TABLE messages ADD CONSTRAINT messages_direction_is_known CHECK (direction IN ('inbound', 'outbound'));
ALTER TABLE messages ADD CONSTRAINT messages_origin_is_known CHECK (origin IN ('customer', 'api', 'echo', 'history'));
ALTER TABLE messages ADD CONSTRAINT messages_status_is_known CHECK (status IN ('received', 'queued', 'sending', 'unknown', 'canceled', 'expired', 'accepted', 'sent', 'failed', 'delivered', 'read',
        'played', 'deleted'));
ALTER TABLE conversations ADD CONSTRAINT conversations_last_message_direction_is_known CHECK (last_message_direction IN ('inbound', 'outbound'));
ALTER TABLE media ADD CONSTRAINT media_origin_is_known CHECK (origin IN ('customer', 'api', 'echo', 'history'));
ALTER TABLE sends ADD CONSTRAINT sends_recipient_kind_is_known CHECK (recipient_kind IN ('phone', 'user_id', 'group'));
ALTER TABLE sends ADD CONSTRAINT sends_held_is_known CHECK (held IN ('breaker', 'campaigns', 'unknown', 'daily_limit', 'called'));
ALTER TABLE send_attempts ADD CONSTRAINT send_attempts_outcome_is_known CHECK (outcome IN ('open', 'accepted', 'rejected', 'not_sent', 'unknown'));
ALTER TABLE send_attempts ADD CONSTRAINT send_attempts_evidence_is_known CHECK (evidence IN ('answer', 'status', 'person'));
ALTER TABLE deliveries ADD CONSTRAINT deliveries_state_is_known CHECK (state IN ('pending', 'done', 'dead'));
ALTER TABLE raw_events ADD CONSTRAINT raw_events_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
ALTER TABLE sends ADD CONSTRAINT sends_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
ALTER TABLE media ADD CONSTRAINT media_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
ALTER TABLE media_files ADD CONSTRAINT media_files_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
ALTER TABLE template_syncs ADD CONSTRAINT template_syncs_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
ALTER TABLE channel_checks ADD CONSTRAINT channel_checks_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
ALTER TABLE delivery_lines ADD CONSTRAINT delivery_lines_state_is_known CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'));
