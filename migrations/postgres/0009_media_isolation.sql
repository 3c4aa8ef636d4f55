
-- As in 0006: to a tenant's reader the rows of other tenants do not exist. Names of files in the store are nobody's to read.
DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['media', 'media_files', 'media_uploads']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_tenant ON %I TO mainstay_tenant '
                       'USING (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid) '
                       'WITH CHECK (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mainstay_tenant', name);
    END LOOP;
END
$$;
