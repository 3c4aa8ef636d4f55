-- Conversations, messages and their statuses.

-- A conversation: all messages between a channel and a contact.
CREATE TABLE conversations (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    channel_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    last_message_at TIMESTAMPTZ NOT NULL,
    last_message_wamid TEXT NOT NULL,
    last_message_direction TEXT NOT NULL /*postgres
        CONSTRAINT conversations_last_message_direction_is_known CHECK (last_message_direction IN ('inbound', 'outbound'))*/,
    last_message_type TEXT NOT NULL,
    -- The first 200 characters.
    last_message_text TEXT,
    -- End of the service window; NULL when the customer never wrote.
    window_expires_at TIMESTAMPTZ,
    -- The end of the window whose closing was announced by an event: each window is announced once.
    window_notified_for TIMESTAMPTZ,
    unread_count BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
/*postgres WITH (fillfactor = 80)*/;
-- The contact first: the search goes from contacts to their conversations.
CREATE UNIQUE INDEX conversations_by_pair ON conversations (contact_id, channel_id);
CREATE INDEX conversations_by_recency ON conversations (tenant_id, last_message_at, id);
-- Only windows that were not announced, so that it stays small.
CREATE INDEX conversations_by_window ON conversations (window_expires_at)
    WHERE window_expires_at IS NOT NULL AND (window_notified_for IS NULL OR window_notified_for < window_expires_at);

-- A message, inbound or outbound.
CREATE TABLE messages (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    channel_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    -- Who it is from or to; in a group the member who wrote.
    contact_id UUID NOT NULL,
    -- The provider's id. Unique per channel, not in the world.
    wamid TEXT,
    direction TEXT NOT NULL /*postgres CONSTRAINT messages_direction_is_known CHECK (direction IN ('inbound', 'outbound'))*/,
    -- An echo was sent elsewhere, such as the business app.
    origin TEXT NOT NULL /*postgres CONSTRAINT messages_origin_is_known CHECK (origin IN ('customer', 'api', 'echo', 'history'))*/,
    type TEXT NOT NULL,
    status TEXT NOT NULL /*postgres CONSTRAINT messages_status_is_known
        CHECK (status IN ('received', 'queued', 'sending', 'unknown', 'canceled', 'expired', 'accepted', 'sent', 'failed', 'delivered',
            'read', 'played', 'deleted'))*/,
    status_rank BIGINT NOT NULL,
    -- What a person would read; the newest wording after an edit.
    text TEXT,
    -- The message as Meta put it: JSON.
    payload TEXT NOT NULL,
    -- The message it answers, reacts to, edits or revokes.
    context_wamid TEXT,
    sender TEXT,
    recipient TEXT,
    media_id UUID,
    -- Meta's time, seconds.
    sent_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    raw_event_id UUID,
    edited_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    error_code BIGINT,
    error_title TEXT,
    -- Whether a person wrote it in a group: it moves with its author when the author turns out to be another contact.
    in_group BOOLEAN NOT NULL DEFAULT FALSE,
    -- Who made it: the id of an API key, `operator` or `system`; NULL where somebody else's message did.
    created_by TEXT,
    PRIMARY KEY (tenant_id, id)
)
-- Room on the pages: a new version of a row goes beside the old one, and touches no index where no indexed column changes.
/*postgres WITH (fillfactor = 70)*/;
CREATE UNIQUE INDEX messages_by_wamid ON messages (channel_id, wamid);
CREATE INDEX messages_by_conversation ON messages (conversation_id, sent_at, id);
CREATE INDEX messages_that_change_others ON messages (channel_id, context_wamid) WHERE type IN ('edit', 'revoke');
CREATE INDEX messages_in_groups ON messages (contact_id) WHERE in_group;

-- A status that Meta reported, stored once. One of an unknown message waits here with message_id NULL.
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
