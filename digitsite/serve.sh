#!/bin/sh
# Run a server and, beside it, the worker: `sh digitsite/serve.sh COMMAND…`. PYTHON runs manage.py.
# A worker that dies is said and started again. Ctrl-C or a TERM ends both; what ends the server
# ends the worker. A task in hand then counts as failed.
set -u
RESTART_S=${RESTART_S:-5} # seconds: one that dies at once must not fill the log

keep_worker() {
    # TERM is for this loop alone: the worker is asked by it, and waited for.
    trap 'kill "$worker" 2>/dev/null; wait "$worker"; exit 0' TERM
    while :; do
        "$PYTHON" manage.py worker -v 0 &
        worker=$!
        wait "$worker" && exit 0 # it was asked to end
        echo "The worker ended with status $?: nothing is checked or counted without it." \
            "It starts again in $RESTART_S s." >&2
        sleep "$RESTART_S" &
        worker=$!
        wait "$worker"
    done
}

stop() {
    trap '' INT TERM
    kill "$server" "$keeper" 2>/dev/null
    wait "$server" "$keeper"
}

keep_worker &
keeper=$!
"$@" &
server=$!
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
wait "$server"
status=$?
stop
exit "$status"
