#!/usr/bin/env bash
# Drives switchyard-demo over every path and fault. usage: tests/demo_test.sh [BUILD_DIR]
# Every wait is bounded; ends with 0 only when all cases passed.
set -u
export ASAN_OPTIONS=${ASAN_OPTIONS-quarantine_size_mb=1} # so that flat memory shows there too
cd "$(dirname "$0")/.." || exit 1
demo=${1:-build}/switchyard-demo
tmp=$(mktemp -d)
pids=()
cases=0
failed=0

cleanup() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null
    done
    rm -rf "$tmp"
}
trap cleanup EXIT

# start NAME ARG...: runs a demo app; its address is in $address, its pid in $pid
start() {
    local name=$1
    shift
    "$demo" --bind 127.0.0.1:0 "$@" >"$tmp/$name.out" 2>"$tmp/$name.err" &
    pid=$!
    pids+=("$pid")
    for _ in $(seq 100); do
        address=$(sed -n 's/^listening on //p' "$tmp/$name.out")
        [ -n "$address" ] && return
        sleep 0.05
    done
    echo "no start of $name: $(cat "$tmp/$name.err")"
    exit 1
}

# expect NAME WANTED GOT: the text must contain WANTED
expect() {
    cases=$((cases + 1))
    case $3 in
    *"$2"*) ;;
    *)
        failed=$((failed + 1))
        printf 'FAILED %s\n  wanted: %q\n  got:    %q\n' "$1" "$2" "${3:0:600}"
        ;;
    esac
}

# equal NAME WANTED GOT
equal() {
    cases=$((cases + 1))
    if [ "$2" != "$3" ]; then
        failed=$((failed + 1))
        printf 'FAILED %s\n  wanted: %q\n  got:    %q\n' "$1" "$2" "${3:0:600}"
    fi
}

get() {
    curl -sS -g -m 10 "$@" 2>&1
}

# code URL-AND-OPTIONS: the status and curl's own exit status
code() {
    curl -sS -g -m 10 -o /dev/null -w '%{http_code} %{exitcode}' "$@" 2>/dev/null
}

# raw BYTES: sends exact bytes (printf escapes), prints what comes until the app closes
raw() {
    exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
    # shellcheck disable=SC2059
    printf "$1" >&3
    timeout 5 cat <&3
    exec 3>&-
}

start plain --slot green --version v3.1
base=http://$address
equal "plain page" "green v3.1" "$(get "$base/")"
equal "any path" "green v3.1" "$(get "$base/some/where?x=1")"
expect "html page" "<h1>green</h1>" "$(get -H 'Accept: text/html,*/*' "$base/")"
expect "slot field" "X-Slot: green" "$(get -i "$base/")"
expect "version field" "X-Version: v3.1" "$(get -i "$base/")"
expect "pid field" "X-Target-Pid: $pid" "$(get -i "$base/")"
expect "start field" "X-Start-Us: " "$(get -i "$base/")"
expect "HEAD" "Content-Length: 11" "$(get -I "$base/")"
expect "health" '"status":"healthy","version":"v3.1","environment":"green"' "$(get "$base/health")"
expect "health" '"checks":{' "$(get "$base/health")"
expect "headers" "X-Mine: yes" "$(get -H 'X-Mine: yes' "$base/headers")"

equal "status" "503 0" "$(code "$base/?status=503")"
equal "204" "204 0" "$(code "$base/?status=204")"
equal "bad override" "400 0" "$(code "$base/?status=9")"
equal "bytes" "1048576" "$(get "$base/?bytes=1m" | wc -c)"
equal "no bytes" "0" "$(get "$base/?bytes=0" | wc -c)"
equal "chunked" "1000000" "$(get "$base/?bytes=1000000&chunk=4096" | wc -c)"
expect "chunked field" "Transfer-Encoding: chunked" "$(get -i "$base/?chunked=1&bytes=10")"
equal "same bytes in both framings" "$(get "$base/?bytes=300000" | cksum)" \
    "$(get "$base/?bytes=300000&chunk=777" | cksum)"
equal "half" "200 18" "$(code "$base/?half=1&bytes=1000")"
equal "half chunked" "200 18" "$(code "$base/?half=1&bytes=100000&chunked=1")"
equal "cut" "10" "$(curl -sg -m 10 "$base/?cut=10&bytes=100" | wc -c)"
equal "drop" "000 52" "$(code "$base/?drop=1")"
expect "reset" " 56" "$(code "$base/?reset=1&cut=0&bytes=100")"
expect "close" "Connection: close" "$(get -i "$base/?close=1")"
expect "drip" "0123456789" "$(get "$base/?bytes=30&drip=10,5ms")"
took=$(curl -sg -m 10 -o /dev/null -w '%{time_total}' "$base/?delay=200ms")
equal "delay" "1" "$(awk -v t="$took" 'BEGIN { print (t >= 0.2 && t < 2) }')"

head -c 3000000 /dev/urandom >"$tmp/body"
equal "echo" "$(cksum <"$tmp/body")" "$(get --data-binary @"$tmp/body" "$base/echo" | cksum)"
equal "echo chunked" "$(cksum <"$tmp/body")" \
    "$(get -H 'Transfer-Encoding: chunked' --data-binary @"$tmp/body" "$base/echo" | cksum)"
equal "echo with Expect" "$(cksum <"$tmp/body")" \
    "$(get -H 'Expect: 100-continue' --data-binary @"$tmp/body" "$base/echo" | cksum)"
equal "body of a page" "200 0" "$(code --data-binary @"$tmp/body" "$base/")"
equal "unread echo keeps memory flat" "1" "$(
    exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
    printf 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n' >&3
    timeout 2 head -c 60000000 /dev/zero >&3 2>/dev/null
    awk '/VmRSS/ { print ($2 < 40000) }' "/proc/$pid/status"
)"

get -X POST "$base/count?id=a" >/dev/null
equal "counted" '{"id":"a","count":2}' "$(get -X POST "$base/count?id=a")"
equal "count told" '{"id":"a","count":2}' "$(get "$base/count?id=a")"
equal "count of none" '{"id":"b","count":0}' "$(get "$base/count?id=b")"
equal "sums" '{"ids":1,"executions":2,"most":2}' "$(get "$base/count")"
equal "dropped but counted" "000 52" "$(code -X POST "$base/count?id=c&drop=1")"
equal "dropped but counted" '{"id":"c","count":1}' "$(get "$base/count?id=c")"

equal "pipelining" "3" \
    "$(raw 'GET / HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\n\r\nGET /?close=1 HTTP/1.1\r\n\r\n' |
        grep -c 'HTTP/1.1 200 OK')"
expect "old client" "Connection: close" "$(raw 'GET / HTTP/1.0\r\n\r\n')"
expect "absolute form" "green v3.1" "$(raw 'GET http://x/ HTTP/1.0\r\n\r\n')"
expect "no request" "400 Bad Request" "$(raw 'nonsense\r\n\r\n')"
expect "two framings" "400 Bad Request" \
    "$(raw 'POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n')"
expect "broken chunk" "400 Bad Request" \
    "$(raw 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n')"
expect "chunked body and trailers" "green v3.1" "$(raw \
    'POST /?close=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nA: b\r\n\r\n')"

fault=$base/_admin/fault
expect "faults shown" '"error_rate": "0%"' "$(get "$fault")"
expect "unknown fault" 'unknown key for "nope"' "$(get -X POST "$fault?error_status=501&nope=1")"
expect "all or none" '"error_status": "500"' "$(get "$fault")"
expect "bad value" 'bad value for "error_rate"' "$(get -X POST "$fault?error_rate=101%")"
expect "bad latency" 'bad value for "latency"' "$(get -X POST "$fault?latency=uniform:5ms,1ms")"
expect "fault set" '"error_rate": "100%"' "$(get -X POST "$fault?error_rate=100%&error_status=502")"
equal "told to err" "502 0" "$(code "$base/")"
equal "health does not err" "200 0" "$(code "$base/health")"
get -X POST "$fault?error_rate=0%&unhealthy=on" >/dev/null
equal "unhealthy" "503 0" "$(code "$base/health")"
expect "unhealthy" '"status":"unhealthy"' "$(get "$base/health")"
get -X POST "$fault?unhealthy=off&database=bad&environment=purple&clock_skew=-1h" >/dev/null
equal "database" "200 0" "$(code "$base/health")"
expect "database" '"database":"unreachable"' "$(get "$base/health")"
expect "environment" '"environment":"purple"' "$(get "$base/health")"
equal "bad database" "400 0" "$(code -X POST "$fault?database=maybe")"
equal "bad clock_skew" "400 0" "$(code -X POST "$fault?clock_skew=soon")"
get -X POST "$fault?unhealthy=on&database=ok&environment=own&clock_skew=0" >/dev/null
expect "database" '"database":"healthy"' "$(get "$base/health")"
get -X POST "$fault?drop=100%" >/dev/null
equal "told to drop" "000 52" "$(code "$base/")"
get -X POST "$fault?drop=0%&half=100%&bytes=1k" >/dev/null
equal "told to cut" "200 18" "$(code "$base/")"
for latency in fixed:1ms uniform:1ms,2ms exp:1ms lognormal:1ms,0.5 1ms none; do
    expect "latency $latency" "\"latency\": \"$latency\"" "$(get -X POST "$fault?latency=$latency")"
done
equal "GET does not reset" "405 0" "$(code "$base/_admin/reset")"
expect "reset" '"unhealthy": "off"' "$(get -X POST "$base/_admin/reset")"
equal "reset" "green v3.1" "$(get "$base/")"
equal "reset counts" '{"ids":0,"executions":0,"most":0}' "$(get "$base/count")"

# a request that is being answered is finished, an idle connection is not waited for
curl -sg -m 10 -o "$tmp/last" "$base/?delay=500ms" &
last=$!
sleep 0.2
kill -TERM "$pid"
wait "$pid"
equal "exit status" "0" "$?"
wait "$last"
equal "the last answer" "green v3.1" "$(cat "$tmp/last")"
equal "no words" "" "$(cat "$tmp/plain.err")"

start faulty --seed 7 --error-rate 50% --error-status 500 --slow-requests 3 --slow-delay 100ms
base=http://$address
took=$(curl -sg -m 10 -o /dev/null -w '%{time_total}' "$base/")
equal "slow start" "1" "$(awk -v t="$took" 'BEGIN { print (t >= 0.1 && t < 2) }')"
codes=$(for _ in $(seq 60); do code "$base/"; echo; done | sort | uniq -c | tr -s ' ')
errors=$(sed -n 's/^ \([0-9]*\) 500 0$/\1/p' <<<"$codes")
equal "about half err" "1" "$((errors > 15 && errors < 45))"
kill -TERM "$pid"
wait "$pid"
equal "exit status" "0" "$?"

"$demo" --bind "unix:$tmp/app.sock" --slot blue >"$tmp/unix.out" &
pid=$!
pids+=("$pid")
for _ in $(seq 100); do
    [ -S "$tmp/app.sock" ] && break
    sleep 0.05
done
equal "unix socket" "blue v1.0" "$(get --unix-socket "$tmp/app.sock" http://x/)"
expect "says where" "listening on unix:$tmp/app.sock" "$(cat "$tmp/unix.out")"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
"$demo" --bind "unix:$tmp/app.sock" --slot green >"$tmp/unix2.out" &
pid=$!
pids+=("$pid")
for _ in $(seq 100); do
    grep -q listening "$tmp/unix2.out" && break
    sleep 0.05
done
equal "takes over a stale socket" "green v1.0" "$(get --unix-socket "$tmp/app.sock" http://x/)"
kill -TERM "$pid"
wait "$pid"
equal "socket removed" "1" "$([ ! -e "$tmp/app.sock" ] && echo 1)"

"$demo" --help >"$tmp/help"
equal "help" "0" "$?"
expect "help" "--error-rate" "$(cat "$tmp/help")"
"$demo" --latency fast 2>"$tmp/bad"
equal "bad option" "2" "$?"
expect "bad option" '--latency does not take "fast"' "$(cat "$tmp/bad")"
"$demo" --slot '<b>' 2>"$tmp/bad"
equal "bad slot" "2" "$?"

echo "demo: $cases cases, $failed failed"
[ "$failed" = 0 ]
