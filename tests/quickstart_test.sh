#!/usr/bin/env bash
# scripts/quickstart --with-postgres in both forms: the tour that ends by itself, and the one that stays until it is
# told to end, with its database up again. Neither may leave a process or a folder behind.
# usage: tests/quickstart_test.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d "${TMPDIR:-/tmp}/quickstart-test-XXXXXX")
export TMPDIR=$work # so that what is left over is ours
pid=
end_all() {
    if [ -n "$pid" ]; then
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap end_all EXIT
chmod 711 "$work" # the server's user has to get through

fail() {
    echo "quickstart: $*" >&2
    cat "$work"/*.log >&2 2>/dev/null || true
    exit 1
}

free_ports() { # COUNT, separated by commas
    python3 - "$1" <<'PY'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for one in held:
    one.bind(("127.0.0.1", 0))
print(",".join(str(one.getsockname()[1]) for one in held))
PY
}

# Whatever ran had its folder on its command line.
expect_nothing_left() {
    ! ls -d "$work"/switchyard-* 2>/dev/null || fail "$1 left a folder"
    for _ in $(seq 100); do # what was told to end may take a moment
        grep -qsz "$work/switchyard-" /proc/[0-9]*/cmdline || return 0
        sleep 0.1
    done
    fail "$1 left a process"
}

timeout 120 scripts/quickstart --demo --with-postgres --ports "$(free_ports 4)" >"$work/tour.log" 2>&1 ||
    fail "the tour failed"
for part in '[rename-column]' 'column public.orders.note is missing' 'rollback safe: yes' ', 0 failed' \
    'not proven for the database'; do
    grep -qF -- "$part" "$work/tour.log" || fail "the tour did not say \"$part\""
done
expect_nothing_left "the tour"

touch "$work/stays.log"
timeout 240 scripts/quickstart --with-postgres --ports "$(free_ports 4)" >"$work/stays.log" 2>&1 &
pid=$!
for _ in $(seq 1200); do
    grep -q 'Ctrl-C ends' "$work/stays.log" && break
    kill -0 "$pid" 2>/dev/null || fail "quickstart ended"
    sleep 0.1
done
socket=$(sed -n 's/^ *export SWITCHYARD_SOCKET=//p' "$work/stays.log")
[ -S "$socket" ] || fail "quickstart printed no admin socket"
for _ in $(seq 300); do
    build/switchctl -s "$socket" db status >"$work/status.log" 2>&1 || true
    grep -q ' up ' "$work/status.log" && break
    sleep 0.1
done
grep -q ' up ' "$work/status.log" || fail "the database did not come back"
kill -TERM "$pid"
wait "$pid" || [ $? -eq 143 ] || fail "quickstart did not end when it was told to"
pid=
expect_nothing_left "quickstart"

scripts/quickstart --with-mysql >"$work/usage.log" 2>&1 && fail "an unknown option was taken"
grep -q -- '--with-postgres' "$work/usage.log" || fail "the usage does not name --with-postgres"
echo "quickstart: all is well"
