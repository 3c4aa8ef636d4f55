
-- To a tenant's reader the rows of other tenants do not exist.
DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['portfolios', 'portfolio_recipients', 'blocks']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_tenant ON %I TO mainstay_tenant '
                       'USING (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid) '
                       'WITH CHECK (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mainstay_tenant', name);
    END LOOP;
END
$$;
