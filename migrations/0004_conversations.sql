-- The keys begin with the tenant, as every query does. No foreign keys here: these tables take thousands of rows a second,
-- and everything they refer to is made in the same transaction.

CREATE TABLE contacts (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    -- 'person' or 'group'.
    kind TEXT NOT NULL,
    name TEXT,
    -- Meta's time of the message that told the name: a later one wins, whatever the order of arrival.
    name_at TIMESTAMPTZ,
    -- Told by Meta's user_preferences: whether marketing messages are refused, and since when that is known.
    marketing_stopped BOOLEAN NOT NULL DEFAULT FALSE,
    marketing_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- What a contact is known by: 'phone', 'user_id' (business-scoped), 'parent_user_id', 'username', 'group'.
CREATE TABLE contact_identities (
    tenant_id UUID NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    contact_id UUID NOT NULL,
    -- Meta's time from which it is no longer theirs (a changed number); NULL while it is.
    retired_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    -- The value first: it alone finds the row, whatever a planner without statistics thinks of the rest.
    PRIMARY KEY (value, kind, tenant_id)
);
CREATE INDEX contact_identities_by_contact ON contact_identities (contact_id, tenant_id);

CREATE TABLE conversations (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    channel_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    last_message_at TIMESTAMPTZ NOT NULL,
    last_message_wamid TEXT NOT NULL,
    last_message_direction TEXT NOT NULL,
    last_message_type TEXT NOT NULL,
    -- The first 200 characters.
    last_message_text TEXT,
    -- End of the 24-hour service window; NULL when the customer never wrote.
    window_expires_at TIMESTAMPTZ,
    unread_count BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
-- The contact first: the search goes from contacts to their conversations.
CREATE UNIQUE INDEX conversations_by_pair ON conversations (contact_id, channel_id);
CREATE INDEX conversations_by_recency ON conversations (tenant_id, last_message_at, id);

CREATE TABLE messages (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    channel_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    -- Who it is from or to; in a group the member who wrote.
    contact_id UUID NOT NULL,
    -- Meta's id. Unique per channel, not in the world.
    wamid TEXT,
    -- 'inbound' or 'outbound'.
    direction TEXT NOT NULL,
    -- 'customer', 'api', 'echo' (sent elsewhere, e.g. from the business app) or 'history'.
    origin TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    status_rank BIGINT NOT NULL,
    -- What a person would read; the newest wording after an edit.
    text TEXT,
    -- The message as Meta put it: JSON.
    payload TEXT NOT NULL,
    -- The message it answers, reacts to, edits or revokes.
    context_wamid TEXT,
    sender TEXT,
    recipient TEXT,
    -- Meta's time, seconds.
    sent_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    raw_event_id UUID,
    edited_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    error_code BIGINT,
    error_title TEXT,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX messages_by_wamid ON messages (channel_id, wamid);
CREATE INDEX messages_by_conversation ON messages (conversation_id, sent_at, id);
CREATE INDEX messages_that_change_others ON messages (channel_id, context_wamid) WHERE type IN ('edit', 'revoke');

-- Every status Meta reported, once. A status of a message not known yet waits here with message_id NULL.
CREATE TABLE message_statuses (
    channel_id UUID NOT NULL,
    wamid TEXT NOT NULL,
    status TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    -- The member of a group it speaks of, else ''.
    participant TEXT NOT NULL,
    tenant_id UUID NOT NULL,
    message_id UUID,
    status_rank BIGINT NOT NULL,
    error_code BIGINT,
    error_title TEXT,
    -- The status as Meta put it: JSON, with pricing, conversation and errors.
    payload TEXT NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel_id, wamid, status, occurred_at, participant)
);
CREATE INDEX message_statuses_orphaned ON message_statuses (received_at) WHERE message_id IS NULL;
