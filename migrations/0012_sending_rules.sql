-- What the operator sets for a tenant: messages per second from all its numbers together; NULL is no limit.
ALTER TABLE tenants ADD COLUMN messages_per_second DOUBLE PRECISION;
ALTER TABLE tenants ADD COLUMN updated_at TIMESTAMPTZ;

-- Meta's id of the business portfolio that owns the account. NULL until it is known: the account stands for it.
ALTER TABLE channels ADD COLUMN business_id TEXT;
-- Campaigns rest since then, because of that error, until a person has looked.
ALTER TABLE channels ADD COLUMN campaigns_paused_at TIMESTAMPTZ;
ALTER TABLE channels ADD COLUMN campaigns_pause_code BIGINT;

-- A business portfolio, under its id or that of an account: how many customers it may write to in 24 hours outside service windows.
CREATE TABLE portfolios (
    tenant_id UUID NOT NULL,
    portfolio TEXT NOT NULL,
    -- NULL while Meta has not said, -1 without a limit.
    daily_limit BIGINT,
    -- The rows of portfolio_recipients, those that have ended and were not removed yet included. Whoever changes it holds this row.
    used BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, portfolio)
);

-- Customers a portfolio wrote to outside service windows. One counts for 24 hours after the last such message.
CREATE TABLE portfolio_recipients (
    tenant_id UUID NOT NULL,
    portfolio TEXT NOT NULL,
    contact_id UUID NOT NULL,
    -- The attempt that was the first to count, and how many have: one that Meta refuses gives its place back if it is alone.
    attempt_id UUID NOT NULL,
    sends BIGINT NOT NULL,
    last_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (contact_id, portfolio, tenant_id)
);
CREATE INDEX portfolio_recipients_by_age ON portfolio_recipients (tenant_id, portfolio, last_at, contact_id);

-- `held` says more than it did: 'campaigns' (quarantined, the campaigns of the channel rest) and 'daily_limit' (pending, until the
-- portfolio may write to one customer more).
CREATE INDEX sends_by_hold ON sends (held, channel_id) WHERE held IS NOT NULL;

-- Customers whom a business has blocked on one of its numbers.
CREATE TABLE blocks (
    tenant_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (channel_id, contact_id)
);
CREATE INDEX blocks_by_contact ON blocks (contact_id);

-- Messages to this identity that could not be delivered: the last time, with which code, and how often in all.
ALTER TABLE contact_identities ADD COLUMN undeliverable_at TIMESTAMPTZ;
ALTER TABLE contact_identities ADD COLUMN undeliverable_code BIGINT;
ALTER TABLE contact_identities ADD COLUMN undeliverable_count BIGINT NOT NULL DEFAULT 0;
