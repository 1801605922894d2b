#!/usr/bin/env bash
# Runs every command of docs/rollouts.md in its order, section by section, in front of two demo apps: each must be done,
# and what it leads to must be so. usage: tests/rollouts_test.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/.."
build=$(cd "${1:-build}" && pwd)

work=$(mktemp -d "${TMPDIR:-/tmp}/switchyard-rollouts-XXXXXX")
pids=()
end_all() {
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap end_all EXIT

fail() {
    echo "rollouts: $*" >&2
    cat "$work"/*.log >&2 2>/dev/null || true
    exit 1
}

read -r blue green < <(python3 - <<'PY'
# below the range from which the kernel takes ports for connections
import random
import socket
held = []
while len(held) < 2:
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randrange(12000, 31000)))
    except OSError:
        continue
    held.append(one)
print(*(one.getsockname()[1] for one in held))
PY
)

configure() { # GATE: a rollout that needs seconds instead of hours
    cat >"$work/rollouts.conf" <<CONF
run_dir = "$work"
state_dir = "$work/state"
listener http { bind = "127.0.0.1:0" }
service shop {
    slot blue { targets = { "127.0.0.1:$blue" } version = "v1.0" }
    slot green { targets = { "127.0.0.1:$green" } version = "v1.1" }
    health { interval = "200ms" timeout = "150ms" }
    canary { steps = { "10%", "50%" } }
    rollout { watch_minor = "0s" phase_time = "1s" on_inconclusive = "advance" }
    $1
}
CONF
}

start() { # NAME COMMAND...
    "${@:2}" >"$work/$1.log" 2>&1 &
    pids+=($!)
}

configure ""
start blue "$build/switchyard-demo" --bind "127.0.0.1:$blue" --slot blue --version v1.0
start green "$build/switchyard-demo" --bind "127.0.0.1:$green" --slot green --version v1.1
start switchyard "$build/switchyard" -c "$work/rollouts.conf"
for _ in $(seq 300); do
    [ -S "$work/admin.sock" ] && grep -q ' ready ' "$work/switchyard.log" && break
    kill -0 "${pids[2]}" 2>/dev/null || fail "switchyard ended"
    sleep 0.1
done
export SWITCHYARD_SOCKET=$work/admin.sock
export PATH=$build:$PATH

live() {
    switchctl --json list | python3 -c 'import json,sys; print(json.load(sys.stdin)["result"]["services"][0]["active"])'
}
phase() {
    switchctl --json rollout status shop |
        python3 -c 'import json,sys; print(json.load(sys.stdin)["result"]["rollouts"][0]["phase"])'
}
expect() { # WHAT IS WANTED
    [ "$2" = "$3" ] || fail "after '$section' the $1 is '$2', not '$3'"
}
run() {
    echo "\$ $1"
    timeout 120 bash -c "$1" >"$work/answer" 2>&1 || fail "'$1' failed: $(cat "$work/answer")"
}

# What a section takes for granted, and what it must have led to.
begin() {
    case $1 in
    "By hand")
        run "switchctl rollout start shop --to blue"
        ;;
    "Approvals and the checklist")
        configure 'gate { approvals = 2  approve_own = true  checklist = { "backup", "oncall" } }'
        run "switchctl reload"
        run "switchctl rollout start shop --to blue"
        ;;
    esac
}
finish() {
    case $1 in
    "Rollouts")
        expect phase "$(phase)" settled
        expect "live slot" "$(live)" green
        ;;
    "By hand")
        expect phase "$(phase)" aborted
        expect "live slot" "$(live)" blue
        ;;
    "Confirmation") expect "live slot" "$(live)" green ;;
    "Approvals and the checklist")
        expect phase "$(phase)" refused
        expect "live slot" "$(live)" green
        ;;
    esac
}

run "switchctl wait healthy shop --timeout 20s"
count=0
section=
while IFS=$'\t' read -r heading command; do
    if [ "$heading" != "$section" ]; then
        [ -z "$section" ] || finish "$section"
        section=$heading
        begin "$section"
    fi
    run "${command%%  \#*}"
    count=$((count + 1))
done < <(awk '/^#/ { sub(/^#+ /, ""); heading = $0 } /^    switchctl / { sub(/^ +/, ""); print heading "\t" $0 }' \
    docs/rollouts.md)
finish "$section"
[ "$count" -ge 13 ] || fail "only $count commands were found in docs/rollouts.md"
echo "$count commands"
