-- Campaigns at local times, campaigns that follow up others, and what a campaign does about errors.

-- JSON: the local time that it was launched for, and whose; NULL where it was launched for an instant.
ALTER TABLE campaigns ADD COLUMN schedule TEXT;
-- What becomes of its messages whose delivery is unknown ('hold', 'resend'; NULL is as the tenant says), and of those that Meta withholds
-- because the recipient got enough marketing ('fail', 'wait'). As in its spec, for the statements that send.
ALTER TABLE campaigns ADD COLUMN on_unknown TEXT /*postgres
    CONSTRAINT campaigns_on_unknown_is_known CHECK (on_unknown IN ('hold', 'resend'))*/;
ALTER TABLE campaigns ADD COLUMN on_marketing_cap TEXT /*postgres
    CONSTRAINT campaigns_on_marketing_cap_is_known CHECK (on_marketing_cap IN ('fail', 'wait'))*/;
-- The campaign whose failed recipients it writes to again.
ALTER TABLE campaigns ADD COLUMN parent_id UUID;

-- When its pages begin; NULL is at once.
ALTER TABLE campaign_waves ADD COLUMN starts_at TIMESTAMPTZ;

-- The campaign that writes to the recipient again, after the message failed.
ALTER TABLE campaign_recipients ADD COLUMN retried_by UUID;
