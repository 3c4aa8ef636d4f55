-- The kind stands here as an expression, so that only the search finds this index. As a plain column it drew in the lookup of
-- whole identities, which it answers by reading all of a tenant's.
DROP INDEX contact_identities_by_prefix;
CREATE INDEX contact_identities_by_prefix ON contact_identities (tenant_id, (kind || ''), LOWER(value) COLLATE "C");
