-- Contacts. Keys of large tables begin with the tenant, as every query does. These tables have no foreign keys: they take thousands of
-- rows a second, and what a row refers to is created in the same transaction.

-- A contact: a person or group that a tenant exchanges messages with.
CREATE TABLE contacts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    -- 'person' or 'group'.
    kind TEXT NOT NULL,
    name TEXT,
    -- Meta's time of the message that had the name: a later one wins, whatever the order of arrival.
    name_at TIMESTAMPTZ,
    -- Whether marketing messages are refused, and the time of the wish.
    marketing_stopped BOOLEAN NOT NULL DEFAULT FALSE,
    marketing_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- Contacts are found by the first letters of their name. Prefixes are ranges of bytes, whatever the collation of the database is.
CREATE INDEX contacts_by_name ON contacts (tenant_id, LOWER(name) /*postgres COLLATE "C"*/);

-- An identity of a contact: 'phone', 'user_id' (business-scoped), 'parent_user_id', 'username' or 'group'.
CREATE TABLE contact_identities (
    tenant_id UUID NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id UUID NOT NULL,
    -- Meta's time from which it is no longer theirs (a changed number); NULL while it is.
    retired_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    -- Messages to it that could not be delivered: the last time, its error code, and how many.
    undeliverable_at TIMESTAMPTZ,
    undeliverable_code BIGINT,
    undeliverable_count BIGINT NOT NULL DEFAULT 0,
    -- The value first: it alone finds the row, whatever a planner without statistics thinks of the rest.
    PRIMARY KEY (value, kind, tenant_id)
);
CREATE INDEX contact_identities_by_contact ON contact_identities (contact_id, tenant_id);
-- Contacts are found by the beginning of their number or user name. The kind is an expression, so that only this search uses the index:
-- a plain column would attract the lookup of whole identities, which it answers by reading all of a tenant's.
CREATE INDEX contact_identities_by_prefix ON contact_identities (tenant_id, (kind || ''), LOWER(value) /*postgres COLLATE "C"*/);

-- A contact that the business has blocked on a channel.
CREATE TABLE blocks (
    tenant_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel_id, contact_id)
);
CREATE INDEX blocks_by_contact ON blocks (contact_id);
