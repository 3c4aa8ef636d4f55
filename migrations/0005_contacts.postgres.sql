SELECT mainstay_isolate(
    'contact_fields', 'tags', 'contact_tags', 'segments', 'consents', 'contact_consents', 'keyword_rules', 'contact_redirects',
    'conversation_redirects', 'contact_merges', 'import_errors', 'tasks');

-- A tenant sees of itself what decides on its contacts.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_tenant ON tenants FOR SELECT TO mainstay_tenant
    USING (id = NULLIF(current_setting('mainstay.tenant', true), '')::uuid);
GRANT SELECT (id, require_opt_in) ON tenants TO mainstay_tenant;
