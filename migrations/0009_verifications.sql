-- Numbers that are checked in bulk, and what is known of them.

/*postgres
ALTER TABLE tasks DROP CONSTRAINT tasks_kind_is_known;
ALTER TABLE tasks ADD CONSTRAINT tasks_kind_is_known CHECK (kind IN ('import', 'export', 'segment_count', 'verification'));
*/

-- A number of a verification; its task counts them, and holds how far it is.
CREATE TABLE verification_items (
    tenant_id UUID NOT NULL,
    task_id UUID NOT NULL,
    -- Its place among the distinct numbers, from 0.
    n BIGINT NOT NULL,
    -- As it was given: the first 100 characters.
    input TEXT NOT NULL,
    -- Digits with the country code; NULL for what is no number.
    number TEXT,
    -- NULL until it is checked.
    verdict TEXT /*postgres CONSTRAINT verification_items_verdict_is_known
        CHECK (verdict IN ('invalid', 'valid', 'reachable', 'unreachable'))*/,
    -- 1: syntax and numbering plan. 2: what became of messages.
    tier BIGINT,
    evidence TEXT,
    evidence_at TIMESTAMPTZ,
    checked_at TIMESTAMPTZ,
    PRIMARY KEY (tenant_id, task_id, n)
);

-- What is known of a number, for as long as it counts.
CREATE TABLE number_checks (
    tenant_id UUID NOT NULL,
    -- Digits with the country code, the least of the ways to write the number.
    number TEXT NOT NULL,
    verdict TEXT NOT NULL /*postgres CONSTRAINT number_checks_verdict_is_known
        CHECK (verdict IN ('invalid', 'valid', 'reachable', 'unreachable'))*/,
    tier BIGINT NOT NULL,
    evidence TEXT NOT NULL,
    evidence_at TIMESTAMPTZ,
    checked_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE INDEX number_checks_by_age ON number_checks (checked_at);

/*postgres SELECT mainstay_isolate('verification_items', 'number_checks');*/
