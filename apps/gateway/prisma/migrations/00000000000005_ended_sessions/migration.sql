-- The version of the customer at their sign-in: of those whose contract has events that end earlier sessions. Null where the service
-- that checks credentials gave none.
ALTER TABLE "sessions" ADD COLUMN "customer_version" INTEGER;

-- Customers whose sessions of versions below were ended: a sign-in that was under way then, with the password from before, must not
-- start one behind it. Kept for a day.
CREATE TABLE "ended_sessions" (
    "customer_id" UUID NOT NULL,
    "below" INTEGER NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),

    CONSTRAINT "ended_sessions_pkey" PRIMARY KEY ("customer_id")
);
CREATE INDEX "ended_sessions_ended_at_idx" ON "ended_sessions"("ended_at");
