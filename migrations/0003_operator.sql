-- What tells whether the master keys belong to the database, and which channels were removed.

-- The master key that the stored secrets are sealed under: one row.
CREATE TABLE master_key (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- HMAC-SHA-256 of a constant under the key. It tells keys apart and reveals nothing of them.
    fingerprint BYTEA NOT NULL,
    noted_at TIMESTAMPTZ NOT NULL
);

-- When the operator removed the channel: nothing is sent, and its webhooks wait in quarantine. NULL while it is in use.
ALTER TABLE channels ADD COLUMN archived_at TIMESTAMPTZ;
