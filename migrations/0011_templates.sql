-- Templates as Meta has them, a row for each language. What is gone at Meta stays here as DELETED.
CREATE TABLE templates (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    waba_id TEXT NOT NULL,
    -- Meta's id. A template that is made again under its old name gets a new one, and keeps its row.
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

-- The standing order to fetch the templates of an account: one row for each tenant and account, always due again some time.
CREATE TABLE template_syncs (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    waba_id TEXT NOT NULL,
    -- When the last one began that came to its end; NULL while none has.
    synced_at TIMESTAMPTZ,
    -- When somebody last asked for one: a sync that began before has not seen what they mean.
    wanted_at TIMESTAMPTZ NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ,
    UNIQUE (tenant_id, waba_id)
);
CREATE INDEX template_syncs_due ON template_syncs (due_at, id) WHERE state IN ('pending', 'running');
-- For the channels there are: each account's oldest channel lends its id.
INSERT INTO template_syncs (id, tenant_id, waba_id, wanted_at, due_at)
SELECT c.id, c.tenant_id, c.waba_id, c.created_at, c.created_at
FROM channels c
WHERE NOT EXISTS (SELECT 1 FROM channels o WHERE o.tenant_id = c.tenant_id AND o.waba_id = c.waba_id AND o.id < c.id);

-- Messages of our own with places to fill, for service windows: Meta knows nothing of them.
CREATE TABLE message_templates (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    -- 'draft' while no version was ever active, 'active', or 'archived'.
    state TEXT NOT NULL,
    -- The version that is sent; NULL while none is.
    active_version BIGINT,
    -- The newest there is.
    latest_version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- What a message template says. A version is never changed.
CREATE TABLE message_template_versions (
    tenant_id UUID NOT NULL,
    template_id UUID NOT NULL,
    version BIGINT NOT NULL,
    -- 'text', 'buttons', 'list' or 'media'.
    type TEXT NOT NULL,
    -- JSON.
    content TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, template_id, version)
);

-- Since when the tenant has its first message templates.
ALTER TABLE tenants ADD COLUMN message_templates_at TIMESTAMPTZ;
