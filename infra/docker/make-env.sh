#!/bin/sh
# Makes the secrets of docker-compose.yml, each its own: one per role and service, in .env beside it, readable by its
# owner only. Run it again after an update: it adds what is missing and changes nothing that is there.
set -eu
umask 077
file="$(dirname "$0")/../../.env"
touch "$file"
chmod 600 "$file"
add() {
  if ! grep -q "^$1=" "$file"; then printf '%s=%s\n' "$1" "$2" >>"$file"; fi
}
# 192 bits, in hex: every password goes into a URL.
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
for name in \
  POSTGRES_MAIN POSTGRES_FIRST POSTGRES_SECOND \
  DATABASE_GATEWAY DATABASE_CATALOG DATABASE_DIRECTORY DATABASE_PROFILE DATABASE_LOOKUP DATABASE_CART \
  DATABASE_ORDER DATABASE_PAYMENT KAFKA_ORDER KAFKA_PAYMENT \
  KAFKA_BROKER KAFKA_GATEWAY KAFKA_CATALOG KAFKA_PROFILE KAFKA_CART KAFKA_SHARDS \
  REDIS OPERATOR; do
  add "STOA_${name}_PASSWORD" "$(secret)"
done
add STOA_OPERATOR_EMAIL operator@stoa.local
add STOA_SECOND_FACTOR_KEY "$(secret)"
add STOA_MAIL_LINK_SECRET "$(secret)"
# For the local payment provider. An account at Stripe: its key and its endpoint's secret instead.
add STRIPE_SECRET_KEY "sk_local_$(secret)"
add STRIPE_WEBHOOK_SECRET "whsec_$(secret)"
add STOA_TOKEN_KEY_SECRET "$(secret)"
for service in CATALOG PROFILE CART ORDER PAYMENT SHARDS; do
  add "STOA_ADMIN_TOKEN_${service}" "$(secret)"
  add "STOA_SEALING_SECRET_${service}" "$(secret)"
done
echo "The secrets are in .env; STOA_OPERATOR_EMAIL and STOA_OPERATOR_PASSWORD sign in as the first operator." >&2
