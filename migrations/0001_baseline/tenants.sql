-- Tenants, their keys and quotas.
--
-- The house dialect: UUIDv7 made by the program, times from its clock in microseconds, types that both databases accept.
-- What stands in a comment that begins with the word postgres is for PostgreSQL alone.

-- A tenant: a customer of the installation.
CREATE TABLE tenants (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- The tenant's own key, sealed under the master key.
    sealed_key BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- When a sending rule was last changed.
    updated_at TIMESTAMPTZ,
    -- The lanes whose messages are held, and not sent again, when their outcome is unknown: words separated by spaces. NULL is the
    -- default, 'campaign'.
    hold_unknown TEXT,
    -- Rate limit of all its numbers together; NULL is no limit.
    messages_per_second DOUBLE PRECISION,
    -- When its initial message templates were created.
    message_templates_seeded_at TIMESTAMPTZ,
    -- Who made it: the id of an API key, `operator` or `system`.
    created_by TEXT
);

-- An API key of a tenant.
CREATE TABLE api_keys (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    name TEXT NOT NULL,
    -- SHA-256 of the key; the key itself is shown once and kept nowhere.
    digest BYTEA NOT NULL UNIQUE,
    -- Words separated by spaces.
    scopes TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    -- Who made it: the id of an API key, `operator` or `system`.
    created_by TEXT
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, id);

-- An app secret that a tenant has replaced. Webhooks received before the change are still accepted under it.
CREATE TABLE former_app_secrets (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- A digest of the secret.
    secret_id UUID NOT NULL,
    -- The time of the change.
    valid_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, secret_id)
);

-- A quota that the operator has set for a tenant; others have their default.
CREATE TABLE tenant_quotas (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    quota TEXT NOT NULL,
    maximum BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, quota)
);

-- The usage of a quota that is added up as it changes: the bytes of uploads. Others are counted.
CREATE TABLE tenant_usage (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    quota TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, quota)
);

-- A reservation of one of a quota, for something that is created elsewhere before it is stored here.
CREATE TABLE quota_reservations (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    quota TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
