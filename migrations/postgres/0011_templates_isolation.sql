-- The tables of templates, behind the same rule as the others.
DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['templates', 'template_syncs', 'message_templates', 'message_template_versions']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_tenant ON %I TO mainstay_tenant '
                       'USING (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid) '
                       'WITH CHECK (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mainstay_tenant', name);
    END LOOP;
END
$$;
