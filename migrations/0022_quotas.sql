-- How much a tenant may have, where the operator set another quota than the default.
CREATE TABLE tenant_quotas (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    quota TEXT NOT NULL,
    most BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, quota)
);

-- What is added up as it comes and goes: the bytes of uploads.
CREATE TABLE tenant_uses (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    quota TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, quota)
);
INSERT INTO tenant_uses (tenant_id, quota, used)
SELECT m.tenant_id, 'media_bytes', CAST(SUM(f.size) AS BIGINT)
FROM media m JOIN media_files f ON f.tenant_id = m.tenant_id AND f.id = m.file_id
WHERE m.origin = 'api' AND m.deleted_at IS NULL
GROUP BY m.tenant_id;

-- What is being made elsewhere, and counts already.
CREATE TABLE quota_reservations (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    id UUID NOT NULL,
    quota TEXT NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
