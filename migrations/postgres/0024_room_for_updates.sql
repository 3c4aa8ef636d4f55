-- Room on the pages of rows that are updated: a new version goes beside the old one, and touches no index where no indexed column changes.
ALTER TABLE messages SET (fillfactor = 70);
-- Most updates of these change an indexed column; all the same the table stays a third smaller.
ALTER TABLE sends SET (fillfactor = 70);
-- Ids do not compress, and moving them out of the row costs more than writing them.
ALTER TABLE job_markers ALTER COLUMN jobs SET STORAGE MAIN;
