SELECT mainstay_isolate(
    'campaigns', 'campaign_waves', 'campaign_recipients', 'campaign_counts', 'campaign_failures', 'campaign_jobs');
