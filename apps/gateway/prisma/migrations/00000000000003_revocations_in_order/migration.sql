-- Clones read revocations in the order of transactions, not of time: a row becomes visible at its commit, which may be any while
-- after the time that it carries. What is not in a snapshot has an id from that snapshot's xmin on, and is found by it later.
-- Clones of the version before fill it in too: by its default.
ALTER TABLE "revocations" ADD COLUMN "xid" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
DROP INDEX "revocations_revoked_at_idx";
CREATE INDEX "revocations_xid_idx" ON "revocations"("xid");
CREATE INDEX "revocations_expires_at_idx" ON "revocations"("expires_at");
