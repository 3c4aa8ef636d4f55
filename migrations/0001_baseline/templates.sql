-- Templates: Meta's, and the tenants' own.

-- A template of Meta's in one language. One that is gone at Meta stays, as DELETED.
CREATE TABLE templates (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    waba_id TEXT NOT NULL,
    -- Meta's id. A template that is created again under its old name gets a new one, and keeps its row.
    meta_id TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT NOT NULL,
    -- As Meta writes it: APPROVED can be sent; PENDING, REJECTED, PAUSED, DISABLED and others cannot.
    status TEXT NOT NULL,
    -- A sentence of Meta's on why it was rejected, paused or disabled.
    status_detail TEXT,
    -- Since when the status, quality and category are known to hold, by Meta's time or ours: what is older changes nothing.
    status_at TIMESTAMPTZ NOT NULL,
    -- AUTHENTICATION, MARKETING or UTILITY.
    category TEXT,
    previous_category TEXT,
    -- The category Meta has announced, and when it takes effect.
    announced_category TEXT,
    announced_category_at TIMESTAMPTZ,
    -- GREEN, YELLOW, RED or UNKNOWN.
    quality TEXT,
    -- POSITIONAL or NAMED.
    parameter_format TEXT,
    -- JSON, as Meta has it.
    components TEXT NOT NULL,
    rejected_reason TEXT,
    ttl_seconds BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- When Meta was last asked about it.
    synced_at TIMESTAMPTZ NOT NULL,
    UNIQUE (tenant_id, waba_id, name, language)
);
CREATE INDEX templates_by_tenant ON templates (tenant_id, id);

-- The recurring job that fetches the templates of a tenant's account.
CREATE TABLE template_syncs (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    waba_id TEXT NOT NULL,
    -- When the last completed sync began; NULL while there was none.
    synced_at TIMESTAMPTZ,
    -- When a sync was last requested. One that began before may have missed what it was requested for.
    requested_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT template_syncs_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    UNIQUE (tenant_id, waba_id)
);
CREATE INDEX template_syncs_due ON template_syncs (due_at, id) WHERE state IN ('pending', 'running');

-- A message template: a tenant's own, with variables, for service windows. Meta does not know of it.
CREATE TABLE message_templates (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    -- 'draft' while no version was ever active, 'active', or 'archived'.
    state TEXT NOT NULL /*postgres
        CONSTRAINT message_templates_state_is_known CHECK (state IN ('draft', 'active', 'archived'))*/,
    -- The version that is sent; NULL while none is.
    active_version BIGINT,
    latest_version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- Who made it: the id of an API key, `operator` or `system`.
    created_by TEXT,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- A version of a message template. It is never changed.
CREATE TABLE message_template_versions (
    tenant_id UUID NOT NULL,
    template_id UUID NOT NULL,
    version BIGINT NOT NULL,
    -- 'text', 'buttons', 'list' or 'media'.
    type TEXT NOT NULL,
    -- JSON.
    content TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- Who made it: the id of an API key, `operator` or `system`.
    created_by TEXT,
    PRIMARY KEY (tenant_id, template_id, version)
);
