-- Behind the rule that every query names its tenant: readers take the role mainstay_tenant, to which the rows of other tenants
-- do not exist. The role belongs to the whole cluster, so two databases may try to make it at once.
DO $$
BEGIN
    CREATE ROLE mainstay_tenant NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
DO $$
BEGIN
    EXECUTE format('GRANT mainstay_tenant TO %I', current_user);
EXCEPTION
    -- A superuser needs no grant, and two databases may grant at once.
    WHEN OTHERS THEN NULL;
END
$$;

DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['channels', 'api_keys', 'contacts', 'contact_identities', 'conversations', 'messages',
                                'message_statuses', 'event_cursors', 'events']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY of_the_tenant ON %I TO mainstay_tenant '
                       'USING (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid) '
                       'WITH CHECK (tenant_id = NULLIF(current_setting(''mainstay.tenant'', true), '''')::uuid)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO mainstay_tenant', name);
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO mainstay_tenant;
