-- Channels and their recurring checks.

-- A channel: a business phone number that a tenant has added.
CREATE TABLE channels (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- Who carries its messages: 'meta'.
    provider TEXT NOT NULL DEFAULT 'meta' /*postgres
        CONSTRAINT channels_provider_is_known CHECK (provider IN ('meta'))*/,
    -- The provider's id of the number: Meta's phone number id.
    external_id TEXT NOT NULL,
    -- Meta's id of the WhatsApp Business Account. NULL where the provider has no such accounts.
    waba_id TEXT,
    -- Meta's id of the business portfolio that owns the account. NULL until it is known: the account stands for it.
    business_id TEXT,
    display_phone_number TEXT,
    -- Meta's secrets and, as JSON, what other providers need. Sealed under the tenant's key; written, never shown.
    access_token BYTEA,
    app_secret BYTEA,
    credentials BYTEA,
    -- SHA-256 of the token in the address of its webhook, where the provider does not sign.
    hook_digest BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- What Meta last reported of the number: messages per second, quality rating, messaging limit.
    throughput BIGINT,
    quality TEXT,
    messaging_limit TEXT,
    checked_at TIMESTAMPTZ,
    -- The circuit breaker: since when it is open, and the error that opened it.
    tripped_at TIMESTAMPTZ,
    trip_code BIGINT,
    trip_reason TEXT,
    -- Since when campaigns are paused, and the error that paused them.
    campaigns_paused_at TIMESTAMPTZ,
    campaigns_pause_code BIGINT,
    -- Who made it: the id of an API key, `operator` or `system`.
    created_by TEXT,
    UNIQUE (provider, external_id),
    CHECK (provider <> 'meta' OR (waba_id IS NOT NULL AND access_token IS NOT NULL))
);
CREATE INDEX channels_by_tenant ON channels (tenant_id, id);
CREATE INDEX channels_by_waba ON channels (waba_id);

-- The recurring job that checks a channel, under the channel's id.
CREATE TABLE channel_checks (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    -- When a check was last requested. One that began before may have missed what it was requested for.
    requested_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT channel_checks_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX channel_checks_due ON channel_checks (due_at, id) WHERE state IN ('pending', 'running');
