-- The people whom a file names for a campaign, and what it has to say to each.
CREATE TABLE campaign_rows (
    tenant_id UUID NOT NULL,
    campaign_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    -- JSON: the cells of columns that give nothing to the contact, by their headings.
    params TEXT,
    PRIMARY KEY (tenant_id, campaign_id, contact_id)
);
-- The contact first: a merge looks for the campaigns of a contact.
CREATE INDEX campaign_rows_by_contact ON campaign_rows (contact_id, campaign_id, tenant_id);

-- How many rows a campaign has, which columns they have (JSON), and the import that came last. Moved by the transaction that writes rows.
ALTER TABLE campaigns ADD COLUMN rows_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE campaigns ADD COLUMN rows_columns TEXT;
ALTER TABLE campaigns ADD COLUMN rows_import_id UUID;
