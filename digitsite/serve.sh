#!/bin/sh
# Run a server and, beside it, two workers: `sh digitsite/serve.sh COMMAND…`. PYTHON runs manage.py.
# One does what takes seconds, the other one trains, for hours: nothing waits for it.
# A worker that dies is said and started again. Ctrl-C or a TERM ends all; what ends the server
# ends the workers. A training in hand stops, and can be resumed.
set -u
RESTART_S=${RESTART_S:-5} # seconds: one that dies at once must not fill the log

# Usage: keep_worker WHAT-WAITS-WITHOUT-IT OPTION…
keep_worker() {
    without_it=$1
    shift
    # TERM is for this loop alone: the worker is asked by it, and waited for.
    trap 'kill "$worker" 2>/dev/null; wait "$worker"; exit 0' TERM
    while :; do
        "$PYTHON" manage.py worker -v 0 "$@" &
        worker=$!
        wait "$worker" && exit 0 # it was asked to end
        echo "The worker ended with status $?: $without_it without it." \
            "It starts again in $RESTART_S s." >&2
        sleep "$RESTART_S" &
        worker=$!
        wait "$worker"
    done
}

stop() {
    trap '' INT TERM
    kill "$server" "$keeper" "$trainer" 2>/dev/null
    wait "$server" "$keeper" "$trainer"
}

keep_worker "nothing is checked or counted" &
keeper=$!
# A change of code does not start it again: that would end its training.
keep_worker "nothing is trained" --queue-name training --no-reload &
trainer=$!
"$@" &
server=$!
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
wait "$server"
status=$?
stop
exit "$status"
