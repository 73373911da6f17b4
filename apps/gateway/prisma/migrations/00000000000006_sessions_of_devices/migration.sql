-- Where a session began and with which program, for its owner to know it again; when its tokens were refreshed and its password given
-- last; and the command of it that ends all others, whose event finds it and leaves it.
ALTER TABLE "sessions"
    ADD COLUMN "address" TEXT,
    ADD COLUMN "user_agent" TEXT,
    ADD COLUMN "device_id" TEXT,
    ADD COLUMN "used_at" TIMESTAMPTZ(3),
    ADD COLUMN "proved_at" TIMESTAMPTZ(3),
    ADD COLUMN "kept_command" UUID;
