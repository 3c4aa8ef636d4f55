
-- Behind the same rule as the others.
SELECT mainstay_isolate('endpoints', 'delivery_lines', 'deliveries', 'delivery_attempts');
