-- Housekeeping finds used refresh tokens by it. Where there are millions of them, refreshes wait for some seconds while it is made.
CREATE INDEX "refresh_tokens_used_at_idx" ON "refresh_tokens"("used_at") WHERE "used_at" IS NOT NULL;
CREATE INDEX "ended_customers_ended_at_idx" ON "ended_customers"("ended_at");
