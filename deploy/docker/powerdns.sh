#!/bin/sh
# A PowerDNS for trying vmdns: zones in LMDB, the API for the containers beside it, the key from a file.
set -eu
key=$(cat /run/vmdns/powerdns-api-key)
umask 077
cat > /tmp/pdns.conf <<CONF
launch=lmdb
lmdb-filename=/var/lib/powerdns-lmdb/zones.lmdb
local-address=0.0.0.0
local-port=5353
api=yes
api-key=$key
webserver=yes
webserver-address=0.0.0.0
webserver-port=8081
webserver-allow-from=0.0.0.0/0
socket-dir=/tmp
daemon=no
guardian=no
disable-syslog=yes
default-api-rectify=no
security-poll-suffix=
CONF
exec pdns_server --config-dir=/tmp
