#!/bin/sh
# Find GNU gettext for the translations and their tests, or install Debian's.
set -eu

if command -v xgettext >/dev/null && command -v msgfmt >/dev/null; then
    exit 0
fi

if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if $as_root apt-get update -q && $as_root apt-get install -y -q gettext; then
        exit 0
    fi
fi

echo "Expected GNU gettext's xgettext and msgfmt on PATH, found none, and could not install them. Install gettext 0.19 or newer; on Debian: apt-get install gettext" >&2
exit 1
