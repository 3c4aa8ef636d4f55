
-- The tables of templates, behind the same rule as the others.
SELECT mainstay_isolate('templates', 'template_syncs', 'message_templates', 'message_template_versions');
