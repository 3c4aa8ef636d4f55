-- How long a tenant's data is kept, and how the tags of contacts are found.

-- JSON: days of messages, media and events, where they are fewer than the installation's.
ALTER TABLE tenants ADD COLUMN retention TEXT;

-- The oldest media of a tenant.
CREATE INDEX media_by_tenant_age ON media (tenant_id, received_at) WHERE deleted_at IS NULL;

-- The tags of a contact are found in the index alone; the planner of SQLite takes it before the primary key for that.
CREATE INDEX contact_tags_of_contact ON contact_tags (tenant_id, contact_id, tag_id);
DROP INDEX contact_tags_by_contact;
