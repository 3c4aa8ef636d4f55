-- The kind stands here as an expression, as on PostgreSQL, so that only the search finds this index.
DROP INDEX contact_identities_by_prefix;
CREATE INDEX contact_identities_by_prefix ON contact_identities (tenant_id, (kind || ''), LOWER(value));
