-- What PostgreSQL has besides: a default partition, storage, and row-level security.

-- Takes the raw events of days that have no partition.
CREATE TABLE raw_events_default PARTITION OF raw_events DEFAULT;

-- Bodies are not compressed: they are small, and the acknowledgement waits for them.
ALTER TABLE raw_events ALTER COLUMN body SET STORAGE EXTERNAL;
-- Ids do not compress, and moving them out of the row costs more than writing them.
ALTER TABLE job_markers ALTER COLUMN jobs SET STORAGE MAIN;

-- Behind the rule that every query names its tenant: readers take the role mainstay_tenant, to which the rows of other tenants do not
-- exist. The role belongs to the whole cluster, so two databases may create it at once.
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
GRANT USAGE ON SCHEMA public TO mainstay_tenant;

-- Puts tables under row-level security.
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

-- Not readable by tenants: the tenants themselves, raw events, queues, and names of objects in storage.
SELECT mainstay_isolate(
    'api_keys', 'former_app_secrets', 'tenant_quotas', 'tenant_usage', 'quota_reservations',
    'channels', 'channel_checks',
    'contacts', 'contact_identities', 'blocks',
    'conversations', 'messages', 'message_statuses',
    'media', 'media_files', 'media_uploads',
    'sends', 'send_attempts', 'idempotency_keys', 'portfolios', 'portfolio_recipients',
    'templates', 'template_syncs', 'message_templates', 'message_template_versions',
    'event_cursors', 'events', 'event_consumers',
    'endpoints', 'endpoint_jobs', 'deliveries', 'delivery_attempts');
