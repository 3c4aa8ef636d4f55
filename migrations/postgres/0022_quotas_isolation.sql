
-- Behind the same rule as what they count.
SELECT mainstay_isolate('tenant_quotas', 'tenant_uses', 'quota_reservations');
