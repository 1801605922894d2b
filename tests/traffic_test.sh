#!/usr/bin/env bash
# Runs docs/traffic.md, quick-reference.md and troubleshooting.md as a reader would: the configuration of the first in front of
# two demo apps, then every command, whose answer must hold what stands behind "# ". Each page gets a daemon of its own.
# usage: tests/traffic_test.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${1:-build}" && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/switchyard-traffic-XXXXXX")
pids=()
end_all() {
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap end_all EXIT

fail() {
    echo "traffic: $*" >&2
    cat "$work"/*.log >&2 2>/dev/null || true
    exit 1
}

read -r front blue green api < <(python3 - <<'PY'
# below the range from which the kernel takes ports for connections
import random
import socket
held = []
while len(held) < 4:
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randrange(12000, 31000)))
    except OSError:
        continue
    held.append(one)
print(*(one.getsockname()[1] for one in held))
PY
)
place() { # what the page says, with the ports and programs of this run
    sed -e "s,@RUN@,$work,g" -e "s,@CONF@,$work/traffic.conf,g" -e "s,127.0.0.1:8080,127.0.0.1:$front,g" \
        -e "s,127.0.0.1:5000,127.0.0.1:$blue,g" -e "s,127.0.0.1:5001,127.0.0.1:$green,g" \
        -e "s,127.0.0.1:9900,127.0.0.1:$api,g" -e "s,build/switchctl,$build/switchctl,g"
}

awk '/^```$/ { if (block) exit; block = 1; next } block { print }' docs/traffic.md | place >"$work/traffic.conf"
"$build/switchyard-demo" --bind "127.0.0.1:$blue" --slot blue --version v1.0 >"$work/blue.log" 2>&1 &
pids+=($!)
"$build/switchyard-demo" --bind "127.0.0.1:$green" --slot green --version v1.1 >"$work/green.log" 2>&1 &
pids+=($!)
echo "api { bind = \"127.0.0.1:$api\" }" >>"$work/traffic.conf"
export SWITCHYARD_SOCKET=$work/admin.sock PATH=$build:$PATH

run_page() { # PAGE COUNT: a new daemon, then the commands, of which there are so many at least
    local command promised count=0

    rm -rf "$work/state"
    "$build/switchyard" -c "$work/traffic.conf" >"$work/switchyard.log" 2>&1 &
    pids+=($!)
    for _ in $(seq 300); do
        [ -S "$work/admin.sock" ] && grep -q ' ready ' "$work/switchyard.log" && break
        kill -0 "${pids[2]}" 2>/dev/null || fail "switchyard ended"
        sleep 0.1
    done
    "$build/switchctl" wait healthy shop --timeout 20s >/dev/null || fail "the apps are not healthy"
    while IFS= read -r line; do
        command=${line%%  \# *}
        [ "$command" = "$line" ] && command=${line%% \# *}
        promised=${line##*\# }
        echo "\$ $command"
        eval "$command" >"$work/answer" 2>&1 || fail "$1: '$command' failed: $(cat "$work/answer")"
        grep -qF -- "$promised" "$work/answer" || fail "$1: '$command' should answer '$promised': $(cat "$work/answer")"
        count=$((count + 1))
    done < <(awk '/^```sh$/ { block = 1; next } /^```/ { block = 0 } block { print }' "docs/$1.md" | place)
    [ "$count" -ge "$2" ] || fail "only $count commands were found in docs/$1.md"
    kill -TERM "${pids[2]}"
    wait "${pids[2]}" || fail "$1: switchyard ended with $?"
    unset 'pids[2]'
    echo "$1: $count commands"
}

run_page traffic 25
run_page quick-reference 35
run_page troubleshooting 15
