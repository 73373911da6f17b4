-- Customers who are no more: a sign-in that was under way when they were erased must not start a session behind it. Kept for a
-- day; who comes later is not known to the service that holds the credentials.
CREATE TABLE "ended_customers" (
    "customer_id" UUID NOT NULL,
    "ended_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),

    CONSTRAINT "ended_customers_pkey" PRIMARY KEY ("customer_id")
);
