-- Who made what: the id of an API key, `operator` or `system`. NULL in rows that somebody else's message made.
ALTER TABLE tenants ADD COLUMN created_by TEXT;
ALTER TABLE api_keys ADD COLUMN created_by TEXT;
ALTER TABLE channels ADD COLUMN created_by TEXT;
ALTER TABLE messages ADD COLUMN created_by TEXT;
ALTER TABLE media ADD COLUMN created_by TEXT;
ALTER TABLE message_templates ADD COLUMN created_by TEXT;
ALTER TABLE message_template_versions ADD COLUMN created_by TEXT;
ALTER TABLE endpoints ADD COLUMN created_by TEXT;
ALTER TABLE events ADD COLUMN actor TEXT NOT NULL DEFAULT 'system';
