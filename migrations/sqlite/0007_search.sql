-- Contacts are found by the first letters of their name and the beginning of their number or user name.
CREATE INDEX contacts_by_name ON contacts (tenant_id, LOWER(name));
CREATE INDEX contact_identities_by_prefix ON contact_identities (tenant_id, kind, LOWER(value));
