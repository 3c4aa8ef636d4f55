SELECT mainstay_isolate('campaign_rows');
