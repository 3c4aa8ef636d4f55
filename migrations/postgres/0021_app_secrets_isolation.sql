
-- Behind the same rule as the channels.
SELECT mainstay_isolate('former_app_secrets');
