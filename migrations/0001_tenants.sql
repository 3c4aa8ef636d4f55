-- The house dialect: UUIDv7 made by the program, times from its clock in microseconds, types that both databases accept.

CREATE TABLE tenants (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- The tenant's own key, sealed under the master key.
    sealed_key BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE channels (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    phone_number_id TEXT NOT NULL UNIQUE,
    waba_id TEXT NOT NULL,
    display_phone_number TEXT,
    -- Both sealed under the tenant's key; written, never shown.
    access_token BYTEA NOT NULL,
    app_secret BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX channels_by_tenant ON channels (tenant_id, id);
CREATE INDEX channels_by_waba ON channels (waba_id);

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
    revoked_at TIMESTAMPTZ
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, id);
