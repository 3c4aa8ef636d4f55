-- A portfolio may have accounts of several tenants: its limit is one, so its customers are looked at together.
CREATE INDEX portfolios_by_name ON portfolios (portfolio, tenant_id);
CREATE INDEX portfolio_recipients_by_time ON portfolio_recipients (portfolio, last_at, contact_id);
DROP INDEX portfolio_recipients_by_age;

-- What a tenant's own secret signed of the limit: it holds for that tenant alone, until Meta says another. NULL where there is no such
-- word, -1 without a limit. `daily_limit` is Meta's word, and so is what stood there before.
ALTER TABLE portfolios ADD COLUMN own_limit BIGINT;
