#!/bin/sh
# Find a Chromium for the browser tests, or install one: Debian's where that may be done, else
# Playwright's own. Usage: install_chromium.sh .venv/bin
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done

if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if $as_root apt-get update -q && $as_root apt-get install -y -q chromium; then
        exit 0
    fi
fi

"$1/playwright" install chromium
