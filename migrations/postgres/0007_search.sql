-- Contacts are found by the first letters of their name and the beginning of their number or user name. Prefixes are ranges of
-- bytes, whatever the collation of the database is.
CREATE INDEX contacts_by_name ON contacts (tenant_id, LOWER(name) COLLATE "C");
CREATE INDEX contact_identities_by_prefix ON contact_identities (tenant_id, kind, LOWER(value) COLLATE "C");
