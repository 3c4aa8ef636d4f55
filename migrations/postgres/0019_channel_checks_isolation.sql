
-- The orders for checks, behind the same rule as the channels.
SELECT mainstay_isolate('channel_checks');
