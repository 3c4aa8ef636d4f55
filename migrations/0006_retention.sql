-- How long a tenant's data is kept, and indexes by which few rows of many are found.

-- JSON: days of messages, media and events, where they are fewer than the installation's.
ALTER TABLE tenants ADD COLUMN retention TEXT;

-- The oldest media of a tenant.
CREATE INDEX media_by_tenant_age ON media (tenant_id, received_at) WHERE deleted_at IS NULL;

-- The tags of a contact are found in the index alone; the planner of SQLite takes it before the primary key for that.
CREATE INDEX contact_tags_of_contact ON contact_tags (tenant_id, contact_id, tag_id);
DROP INDEX contact_tags_by_contact;

-- Contacts are found by the beginning of their number or user name. The kind comes first, as an expression: an index that begins with the
-- tenant attracts planners without fresh statistics, which then read all identities of a tenant to find those of some contacts.
CREATE INDEX contact_identities_by_beginning
    ON contact_identities ((kind || ''), tenant_id, LOWER(value) /*postgres COLLATE "C"*/);
DROP INDEX contact_identities_by_prefix;

-- Contacts that nobody has heard from have no profile name.
CREATE INDEX contacts_by_profile_name ON contacts (tenant_id, LOWER(name) /*postgres COLLATE "C"*/) WHERE name IS NOT NULL;
DROP INDEX contacts_by_name;
