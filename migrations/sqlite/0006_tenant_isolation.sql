-- SQLite has no row-level security; that every statement names its tenant is tested instead.
SELECT 1;
