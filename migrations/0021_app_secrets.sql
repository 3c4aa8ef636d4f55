-- Which app secret signed a webhook, by a digest of it, where it was a tenant's: several tenants may have the same.
ALTER TABLE raw_events ADD COLUMN app_secret_id UUID;

-- Secrets that tenants had and have no more, with the time of the change: what came before it still speaks for them.
CREATE TABLE former_app_secrets (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    secret_id UUID NOT NULL,
    held_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, secret_id)
);
