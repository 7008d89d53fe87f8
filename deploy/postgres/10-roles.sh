#!/bin/sh
# Run once by the postgres image, on an empty data folder: a role for each service, which may make its own schema in the
# database and reach nobody else's. /run/vmdns/roles has a line "role password" each.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "revoke all on database \"$POSTGRES_DB\" from public"
while read -r role password; do
  [ -n "$role" ] || continue
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -v role="$role" -v password="$password" -v database="$POSTGRES_DB" <<'SQL'
create role :"role" login password :'password';
grant connect, create, temporary on database :"database" to :"role";
SQL
done < /run/vmdns/roles
