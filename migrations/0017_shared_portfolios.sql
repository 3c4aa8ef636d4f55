-- A portfolio may have accounts of several tenants: its limit is one, so its customers are looked at together.
CREATE INDEX portfolios_by_name ON portfolios (portfolio, tenant_id);
CREATE INDEX portfolio_recipients_by_time ON portfolio_recipients (portfolio, last_at, contact_id);
DROP INDEX portfolio_recipients_by_age;
