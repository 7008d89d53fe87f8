#!/bin/sh
# A role for each service, which may make its own schema in the database and reach nobody else's. Runs at each start and
# may run twice: an upgrade that adds a service finds its role. /run/vmdns/roles has a line "role password" each.
set -eu
PGPASSWORD=$(cat /run/vmdns/postgres-superuser)
export PGPASSWORD
run() { psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -v database="$PGDATABASE" "$@"; }

run <<'SQL'
revoke all on database :"database" from public;
SQL
while read -r role password; do
  [ -n "$role" ] || continue
  # The password comes by way of the environment: arguments can be read by others.
  ROLE_PASSWORD=$password run -v role="$role" <<'SQL'
\getenv password ROLE_PASSWORD
select format('create role %I login', :'role') where not exists (select from pg_roles where rolname = :'role') \gexec
alter role :"role" password :'password';
grant connect, create, temporary on database :"database" to :"role";
SQL
done < /run/vmdns/roles
