#!/bin/sh
# Find a PostgreSQL for the tests and `make bench-admin`, or install Debian's. It is only ever run
# from a temporary folder; the server that Debian's package starts for the machine is not used.
set -eu

if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    exit 0
fi

if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if $as_root apt-get update -q \
        && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q postgresql; then
        exit 0
    fi
fi

echo "Expected PostgreSQL's initdb on PATH or in /usr/lib/postgresql/*/bin, found none, and could not install it. Install PostgreSQL 14 or newer; on Debian: apt-get install postgresql" >&2
exit 1
