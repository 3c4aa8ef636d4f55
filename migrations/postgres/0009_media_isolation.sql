
-- To a tenant's reader the rows of other tenants do not exist: the rule of 0006, for tables by name.
CREATE FUNCTION mainstay_isolate(VARIADIC tables TEXT[]) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY tables
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_tenant ON %I TO mainstay_tenant '
                       'USING (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid) '
                       'WITH CHECK (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mainstay_tenant', name);
    END LOOP;
END
$$;
-- Migrations alone have a use for it.
REVOKE ALL ON FUNCTION mainstay_isolate FROM PUBLIC;

-- Names of files in the store are nobody's to read.
SELECT mainstay_isolate('media', 'media_files', 'media_uploads');
