#!/bin/sh
# Run by the Postgres image when its data folder is new.
set -eu
# Each role's password is in a variable of its own, such as STOA_DATABASE_CART_PASSWORD.
run() {
  variable="STOA_DATABASE_$(echo "$1" | tr 'a-z-' 'A-Z_')_PASSWORD"
  password="$(printenv "$variable")" || { echo "$variable is not set" >&2; exit 1; }
  psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --set=name="$1" --set=password="$password"
}
# A role and a database for each service: the role owns its own database and can't connect to another's.
for name in ${STOA_DATABASES:-}; do
  run "$name" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
# On a shard the service's role owns nothing: an owner of tables could take their fence away.
for name in ${STOA_KEYSPACES:-}; do
  run "$name" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"name";
SQL
done
# Services that read the shard map.
for name in ${STOA_MAP_READERS:-}; do
  run "$name" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
GRANT CONNECT ON DATABASE directory TO :"name";
SQL
done
