-- Another reason why a send waits: no connection to the provider was made ('provider_unreachable', pending; it is tried again). Rows
-- that exist keep to the narrower rule from before, so that none has to be read for the new one.
/*postgres
ALTER TABLE sends DROP CONSTRAINT sends_held_is_known;
ALTER TABLE sends ADD CONSTRAINT sends_held_is_known
    CHECK (held IN ('breaker', 'campaigns', 'unknown', 'daily_limit', 'called', 'provider_unreachable')) NOT VALID;
*/
