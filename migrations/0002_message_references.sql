-- What a caller attaches to a message that it sends, the batch that it came with, and the template that it was made from.
ALTER TABLE messages ADD COLUMN reference TEXT;
-- JSON.
ALTER TABLE messages ADD COLUMN metadata TEXT;
ALTER TABLE messages ADD COLUMN batch_id UUID;
ALTER TABLE messages ADD COLUMN template TEXT;
CREATE INDEX messages_by_reference ON messages (tenant_id, reference, id) WHERE reference IS NOT NULL;
CREATE INDEX messages_by_batch ON messages (tenant_id, batch_id, id) WHERE batch_id IS NOT NULL;
