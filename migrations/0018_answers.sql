-- What a request with a key was answered, other than with a message: the HTTP status, and the body, sealed. Both are NULL while it is
-- under way, for good where the process ended meanwhile, and for messages, which are shown as they stand.
ALTER TABLE idempotency_keys ADD COLUMN status BIGINT;
ALTER TABLE idempotency_keys ADD COLUMN answer BYTEA;
