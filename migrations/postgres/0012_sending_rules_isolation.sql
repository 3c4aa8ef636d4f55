
-- Behind the same rule as the others.
SELECT mainstay_isolate('portfolios', 'portfolio_recipients', 'blocks');
