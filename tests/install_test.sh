#!/usr/bin/env bash
# cmake --install into a folder: the unit starts a program and reads a configuration that are there, the program looks for
# the same file by itself, and that file is right.
# usage: tests/install_test.sh [BUILD_DIR]
set -eu
cd "$(dirname "$0")/.."

build=${1:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/switchyard-install-XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    echo "install: $*" >&2
    exit 1
}

DESTDIR=$work/root cmake --install "$build" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cmake --install failed"; }

unit=$(find "$work/root" -name switchyard.service)
[ "$(echo "$unit" | wc -l)" = 1 ] && [ -s "$unit" ] || fail "there is not one unit: $unit"
count=0
while read -r program words; do
    [ -x "$work/root$program" ] || fail "the unit starts $program, which was not installed"
    config=${words##*-c }
    [ -s "$work/root$config" ] || fail "the unit reads $config, which was not installed"
    "$work/root$program" -h | grep -qF "FILE is $config unless given" || fail "the program looks elsewhere than for $config"
    "$work/root$program" -t -c "$work/root$config" 2>"$work/said" || { cat "$work/said" >&2; fail "$config is not valid"; }
    folder=${program%/*} count=$((count + 1))
done < <(sed -n 's/^ExecStart\(Pre\)\?=//p' "$unit")
[ "$count" = 2 ] || fail "the unit has $count commands"
[ -x "$work/root$folder/switchctl" ] || fail "switchctl is not beside the daemon"
echo "install: the unit, the programs and the configuration fit together"
