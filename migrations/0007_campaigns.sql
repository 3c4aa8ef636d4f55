-- Campaigns: one template to many people, once each, with numbers that add up.

-- A campaign. Its recipients are frozen into waves, and a page of a wave at a time becomes messages.
CREATE TABLE campaigns (
    tenant_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL /*postgres CONSTRAINT campaigns_status_is_known
        CHECK (status IN ('draft', 'scheduled', 'running', 'paused', 'canceling', 'canceled', 'completed', 'failed'))*/,
    -- Why it is paused or failed, in a word and in a sentence.
    reason TEXT,
    reason_details TEXT,
    -- JSON: audience, exclusions, channels, template, variables, policies, as they were given.
    spec TEXT NOT NULL,
    -- JSON: the templates as they were at the launch, with their components.
    template TEXT,
    starts_at TIMESTAMPTZ,
    -- Milliseconds since 1970 at the start: the ids of its messages begin with them. Set once, when it starts.
    id_stamp BIGINT,
    -- The freeze goes through contacts before this id, from the newest to the oldest, and has gone down to the cursor.
    freeze_bound UUID,
    freeze_cursor UUID,
    frozen_at TIMESTAMPTZ,
    -- Until when pages have been given due times at its own rate.
    paced_until TIMESTAMPTZ,
    started_at TIMESTAMPTZ,
    paused_at TIMESTAMPTZ,
    -- Its threshold looks at messages from then on.
    resumed_at TIMESTAMPTZ,
    finished_at TIMESTAMPTZ,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- A wave: recipients who are written to from one channel with one language of the template. Wave 0 is of those suppressed at the freeze.
CREATE TABLE campaign_waves (
    tenant_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    wave BIGINT NOT NULL,
    channel_id UUID,
    language TEXT,
    -- Recipients frozen, and how many of them became messages or were suppressed: ordinals below the cursor.
    frozen BIGINT NOT NULL,
    cursor BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, wave)
)
/*postgres WITH (fillfactor = 50)*/;

-- A recipient, by its ordinal in its wave.
CREATE TABLE campaign_recipients (
    tenant_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    wave BIGINT NOT NULL,
    n BIGINT NOT NULL,
    contact_id UUID NOT NULL,
    -- The address at the freeze; NULL for a contact without one.
    kind TEXT /*postgres
        CONSTRAINT campaign_recipients_kind_is_known CHECK (kind IN ('phone', 'user_id', 'group'))*/,
    address TEXT,
    -- JSON: the values of the template's variables.
    params TEXT,
    -- 'suppressed' if it became no message, with the reason.
    outcome TEXT,
    reason TEXT,
    -- The contact that it was merged into after it became a message, where that contact is a recipient too.
    merged_into UUID,
    PRIMARY KEY (tenant_id, campaign_id, wave, n)
);
-- The contact first: a merge looks for the campaigns of a contact.
CREATE UNIQUE INDEX campaign_recipients_by_contact ON campaign_recipients (contact_id, campaign_id, tenant_id);

-- How many messages of a wave are in a state. Moved by the transaction that moves a status.
CREATE TABLE campaign_counts (
    tenant_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    wave BIGINT NOT NULL,
    status TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, wave, status)
)
/*postgres WITH (fillfactor = 50)*/;

-- How many messages of a wave failed with an error code; 0 where none is known.
CREATE TABLE campaign_failures (
    tenant_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    wave BIGINT NOT NULL,
    code BIGINT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, wave, code)
)
/*postgres WITH (fillfactor = 50)*/;

-- The dispatch job of a campaign that has not ended, under the campaign's id. A recurring job.
CREATE TABLE campaign_jobs (
    id UUID NOT NULL PRIMARY KEY,
    tenant_id UUID NOT NULL,
    requested_at TIMESTAMPTZ,
    state TEXT NOT NULL DEFAULT 'pending' /*postgres
        CONSTRAINT campaign_jobs_state_is_known
        CHECK (state IN ('pending', 'running', 'done', 'dead', 'quarantined', 'discarded'))*/,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    last_error TEXT,
    finished_at TIMESTAMPTZ
);
CREATE INDEX campaign_jobs_due ON campaign_jobs (due_at, id) WHERE state IN ('pending', 'running');

-- The campaign that a message belongs to.
ALTER TABLE messages ADD COLUMN campaign_id UUID;
ALTER TABLE sends ADD COLUMN campaign_id UUID;

-- The latest campaign message in a conversation that nobody has answered: whoever answers it is counted there.
ALTER TABLE conversations ADD COLUMN campaign_message_id UUID;
ALTER TABLE conversations ADD COLUMN campaign_message_at TIMESTAMPTZ;

-- Another reason why a send waits: its campaign is paused ('campaign_paused', quarantined).
/*postgres
ALTER TABLE sends DROP CONSTRAINT sends_held_is_known;
ALTER TABLE sends ADD CONSTRAINT sends_held_is_known
    CHECK (held IN ('breaker', 'campaigns', 'unknown', 'daily_limit', 'called', 'provider_unreachable', 'campaign_paused')) NOT VALID;
*/
