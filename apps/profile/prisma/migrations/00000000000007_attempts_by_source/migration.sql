-- Wrong passwords are counted by where they come from, so that a stranger's lock nobody else out: source → {failures, failedAt,
-- lockedUntil}. The columns from before count all strangers together; clones of the version before go on with them.
ALTER TABLE credentials ADD COLUMN attempts jsonb NOT NULL DEFAULT '{}';

-- The last things about an account's safety that its owner was notified of, the newest first, and how many there were ever.
ALTER TABLE credentials ADD COLUMN notices jsonb NOT NULL DEFAULT '[]';
ALTER TABLE credentials ADD COLUMN notice_count integer NOT NULL DEFAULT 0;
