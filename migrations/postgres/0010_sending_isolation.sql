
-- The tables of sending, behind the same rule as the others.
SELECT mainstay_isolate('sends', 'send_attempts', 'idempotency_keys');
