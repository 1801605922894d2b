#!/usr/bin/env bash
# Runs the README as a reader would: the commands of "Five minutes to a first switch" against a running
# scripts/quickstart, with the answers that the comments behind them promise; then the tour of --demo.
# usage: tests/readme_test.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d "${TMPDIR:-/tmp}/switchyard-readme-XXXXXX")
quickstart_pid=
end_all() {
    [ -z "$quickstart_pid" ] || kill -TERM "$quickstart_pid" 2>/dev/null || true
    [ -z "$quickstart_pid" ] || wait "$quickstart_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap end_all EXIT

fail() {
    echo "readme: $*" >&2
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

ports=$(free_ports 4)
front=${ports%%,*}
scripts/quickstart --ports "$ports" >"$work/quickstart.log" 2>&1 &
quickstart_pid=$!
for _ in $(seq 600); do
    grep -q 'Ctrl-C ends' "$work/quickstart.log" && break
    kill -0 "$quickstart_pid" 2>/dev/null || fail "quickstart ended"
    sleep 0.1
done
socket=$(sed -n 's/^ *export SWITCHYARD_SOCKET=//p' "$work/quickstart.log")
[ -S "$socket" ] || fail "quickstart printed no admin socket"

count=0
# Each line of the first code block behind the heading; what follows "# " is the answer's first line when it
# names a slot and a version.
while IFS= read -r line; do
    command=${line%%  \#*}
    promised=
    [[ $line =~ \#\ ((blue|green)\ v[0-9.]+) ]] && promised=${BASH_REMATCH[1]}
    command=${command//127.0.0.1:8080/127.0.0.1:$front}
    command=${command/SWITCHYARD_SOCKET=…/SWITCHYARD_SOCKET=$socket}
    [ -n "${command// /}" ] || continue
    echo "\$ $command"
    eval "$command" >"$work/answer" || fail "'$command' failed"
    cat "$work/answer"
    [ -z "$promised" ] || [ "$(head -n 1 "$work/answer")" = "$promised" ] ||
        fail "'$command' should answer '$promised'"
    count=$((count + 1))
done < <(awk '/^## Five minutes/ { seen = 1 } seen && /^```sh/ { block = 1; next }
    block && /^```/ { exit } block { print }' README.md)
[ "$count" -ge 6 ] || fail "only $count commands were found in README.md"

build/switchyard -t -c conf/minimal.conf || fail "conf/minimal.conf is not valid"
# a background job of a script ignores SIGINT, so it is ended by the other signal that it catches
kill -TERM "$quickstart_pid"
wait "$quickstart_pid" || [ $? -eq 143 ] || fail "quickstart did not end when it was told to"
quickstart_pid=
[ ! -e "$socket" ] || fail "the socket outlived quickstart"

scripts/quickstart --demo --ports "$(free_ports 4)" || fail "the tour failed"
