#!/bin/sh
# Run by the Postgres image when its data folder is new: a role and a database for each service in STOA_DATABASES.
# A role owns its own database and can't connect to another's.
set -eu
for name in $STOA_DATABASES; do
  psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --set=name="$name" --set=password="$STOA_SERVICE_PASSWORD" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
