-- When somebody last asked for a run, as in the tables of the other recurring jobs.
ALTER TABLE delivery_lines ADD COLUMN wanted_at TIMESTAMPTZ;
