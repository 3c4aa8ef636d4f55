-- Another kind of task: what the launch of a campaign would do.

/*postgres
ALTER TABLE tasks DROP CONSTRAINT tasks_kind_is_known;
ALTER TABLE tasks ADD CONSTRAINT tasks_kind_is_known
    CHECK (kind IN ('import', 'export', 'segment_count', 'preflight', 'verification', 'retry_dead', 'clean_cache', 'retention')) NOT VALID;
*/
