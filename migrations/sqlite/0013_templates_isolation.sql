-- As with the other tables: SQLite has no row-level security.
SELECT 1;
