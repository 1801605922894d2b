#!/usr/bin/env bash
# The Debian package on a machine of its own (an overlay of this one, with its own network and processes): it
# installs, its service starts and moves traffic, what docker/ says is run without containers, it goes away without
# a trace. usage: tests/package_test.sh [BUILD_DIR]
set -u
cd "$(dirname "$0")/.." || exit 1
build=$(realpath "${1:-build}")

if [ "${PACKAGE_TEST_INSIDE:-}" != yes ]; then
    if [ "$(id -u)" != 0 ] || ! unshare -mnpf --mount-proc true 2>/dev/null; then
        echo "SKIPPED package: needs root and namespaces"
        exit 0
    fi
    tmp=$(mktemp -d)
    trap 'rm -rf "$tmp"' EXIT
    SWITCHYARD_PACKAGE_BUILD=$build/package scripts/package "$tmp/out" || exit 1
    export PACKAGE_TEST_INSIDE=yes PACKAGE_TEST_TMP=$tmp
    timeout 200 unshare -mnpf --propagation private "$0" "$build"
    exit
fi

tmp=$PACKAGE_TEST_TMP
cases=0
failed=0

# check WORDS COMMAND...: it must succeed
check() {
    local words=$1
    shift
    cases=$((cases + 1))
    if ! "$@" >"$tmp/said" 2>&1; then
        failed=$((failed + 1))
        echo "FAILED: $words: $*"
        sed 's/^/    /' "$tmp/said" | tail -n 12
    fi
}

# await WORDS COMMAND...: it must succeed within ten seconds
await() {
    local words=$1
    shift
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && break
        sleep 0.05
    done
    check "$words" "$@"
}
says() { # TEXT COMMAND...
    local text=$1
    shift
    "$@" | grep -qF -- "$text"
}
not() { ! "$@"; }

mkdir "$tmp/over"
mount -t tmpfs none "$tmp/over" && mkdir "$tmp/over/"{up,work,root} &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=$tmp/over/up,workdir=$tmp/over/work" "$tmp/over/root" || {
    echo "SKIPPED package: this file system takes no overlay"
    exit 0
}
root=$tmp/over/root
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/run"
mount -t tmpfs none "$root/tmp"
ip link set lo up
rm -rf "$root/etc/switchyard" "$root/var/lib/switchyard"
cp "$tmp"/out/switchyard_*.deb "$root/tmp/switchyard.deb"
inside() { chroot "$root" "$@"; }

# --- it installs
check "installs" inside dpkg -i /tmp/switchyard.deb
check "its user is there" inside id switchyard
check "its configuration is right" inside switchyard -t -c /etc/switchyard/switchyard.conf
check "state is its own" says "switchyard 700" inside stat -c '%U %a' /var/lib/switchyard
check "a manual page" inside test -s /usr/share/man/man5/switchyard.conf.5
unit=$root/usr/lib/systemd/system/switchyard.service
check "a systemd unit" test -s "$unit"

# as_service COMMAND...: as systemd would, with the folders that the unit asks for
as_service() {
    inside install -d -o switchyard -g switchyard -m 0750 /run/switchyard
    chroot "$root" setpriv --reuid switchyard --regid switchyard --clear-groups --no-new-privs "$@" >>"$tmp/service.log" 2>&1 &
    pid=$!
}
stop() { # PID: ends by itself with 0
    kill -TERM "$1"
    wait "$1"
}

# --- its service serves and switches
chroot "$root" switchyard-demo --bind 127.0.0.1:5000 --slot blue >/dev/null 2>&1 &
blue=$!
chroot "$root" switchyard-demo --bind 127.0.0.1:5001 --slot green >/dev/null 2>&1 &
green=$!
read -ra exec_start <<<"$(sed -n 's/^ExecStart=//p' "$unit" | tail -n 1)"
as_service "${exec_start[@]}"
service=$pid
await "the service answers" says blue curl -sf http://127.0.0.1:8080/
await "both sides are healthy" inside switchctl wait healthy app --timeout 10s
check "it switches" inside switchctl switch app --to green
check "to green" says green curl -sf http://127.0.0.1:8080/
check "and is ready" curl -sf http://127.0.0.1:9900/readyz
check "it ends" stop "$service"
kill "$blue" "$green"
as_service "${exec_start[@]}"
service=$pid
await "after a restart green is still live" says green inside switchctl list
check "it ends again" stop "$service"

# --- what docker/ says, without containers
cat >"$tmp/docker.py" <<'P'
import json, re, shlex, sys
import yaml
compose = yaml.safe_load(open("docker/compose.yaml"))
dockerfile = open("docker/Dockerfile").read()
apps = {name: service["entrypoint"] + service["command"] for name, service in compose["services"].items()
        if service.get("entrypoint") == ["switchyard-demo"]}
entry = json.loads(re.search(r"^ENTRYPOINT (\[.*\])$", dockerfile, re.M).group(1))
command = json.loads(re.search(r"^CMD (\[.*\])$", dockerfile, re.M).group(1))
health = json.loads(re.search(r"^HEALTHCHECK .*CMD (\[.*\])$", dockerfile, re.M).group(1))
for number, (name, words) in enumerate(sorted(apps.items()), 2):
    print(f"app {name} 127.0.0.{number}", shlex.join(words))
print("switch", shlex.join(entry + command))
print("health", shlex.join(health))
for source in re.findall(r"^COPY (?!--)(\S+) ", dockerfile, re.M):
    print("source", source)
for service in compose["services"].values():
    for volume in service.get("volumes", []):
        if volume.startswith("."):
            print("source", "docker/" + volume.split(":")[0])
P
if ! /usr/bin/python3 -c 'import yaml' 2>/dev/null; then
    echo "SKIPPED docker: python3-yaml is missing"
else
    check "docker/ can be read" /usr/bin/python3 "$tmp/docker.py"
    /usr/bin/python3 "$tmp/docker.py" >"$tmp/docker.txt"
    cp "$root/etc/hosts" "$tmp/hosts"
    pids=()
    while read -r kind name address words; do
        [ "$kind" = app ] || continue
        echo "$address $name" >>"$tmp/hosts"
        read -ra command <<<"${words//0.0.0.0/$address}"
        chroot "$root" "${command[@]}" >/dev/null 2>&1 &
        pids+=($!)
    done <"$tmp/docker.txt"
    cp "$tmp/hosts" "$root/etc/hosts"
    while read -r kind name; do
        [ "$kind" != source ] || check "a source of the image" test -e "$name"
    done <"$tmp/docker.txt"
    cp docker/switchyard.conf "$root/etc/switchyard/switchyard.conf"
    rm -rf "$root/var/lib/switchyard/"*
    read -ra command <<<"$(sed -n 's/^switch //p' "$tmp/docker.txt")"
    as_service "${command[@]}"
    service=$pid
    read -ra command <<<"$(sed -n 's/^health //p' "$tmp/docker.txt")"
    await "the image's health check" inside "${command[@]}"
    await "blue is served" says blue curl -sf http://127.0.0.1:8080/
    check "staging by its host" says staging curl -sf -H 'Host: staging.localhost' http://127.0.0.1:8080/
    await "all are healthy" inside switchctl wait healthy shop --timeout 10s
    check "and it switches" inside switchctl switch shop --to green
    check "to green" says green curl -sf http://127.0.0.1:8080/
    check "the image's switch ends" stop "$service"
    kill "${pids[@]}"
    if command -v docker-compose >/dev/null; then
        check "docker-compose takes the file" docker-compose -f docker/compose.yaml config -q
    fi
    if command -v promtool >/dev/null; then
        mkdir "$tmp/prometheus"
        cp docker/prometheus.yml conf/prometheus/recording.yml conf/prometheus/alerts.yml "$tmp/prometheus/"
        check "promtool takes the configuration" promtool check config "$tmp/prometheus/prometheus.yml"
    fi
fi

# --- and goes away
check "is removed" inside dpkg -r switchyard
check "its state stays" inside test -d /var/lib/switchyard
check "is purged" inside dpkg -P switchyard
check "nothing stays" inside test ! -e /var/lib/switchyard
check "no user stays" not inside id switchyard
[ "$failed" = 0 ] || sed 's/^/log: /' "$tmp/service.log" | tail -n 20
echo "$((cases - failed)) passed, $failed failed"
[ "$failed" = 0 ]
