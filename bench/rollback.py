"""How long a bad release lives: a canary runs, its app starts to err or to be slow, and the time and the failed
requests until nobody gets it any more are measured, through real sockets. See bench/README.md. Standard library only."""

import argparse
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
NORMAL_ERRORS = "0.1%"

# name, what the good app does, what the bad one does from the mark on
KINDS = {
    "100 % errors": ({"error_rate": NORMAL_ERRORS, "latency": "lognormal:2ms,0.5"}, {"error_rate": "100%"}),
    "5 % errors": ({"error_rate": NORMAL_ERRORS, "latency": "lognormal:2ms,0.5"}, {"error_rate": "5%"}),
    "1 % errors": ({"error_rate": NORMAL_ERRORS, "latency": "lognormal:2ms,0.5"}, {"error_rate": "1%"}),
    "+50 % latency": ({"error_rate": NORMAL_ERRORS, "latency": "lognormal:50ms,0.8"},
                      {"latency": "lognormal:75ms,0.8"}),
    "x10 latency": ({"error_rate": NORMAL_ERRORS, "latency": "lognormal:50ms,0.8"},
                    {"latency": "lognormal:500ms,0.8"}),
}
RATES = [100, 5000]
SHARES = [1, 5, 25]


class Cell:
    """One measurement: its own switch, its own two apps, its own clients."""

    def __init__(self, kind, rate, share, options):
        self.kind, self.rate, self.share, self.options = kind, rate, share, options
        self.processes = []
        self.folder = tempfile.mkdtemp(prefix="switchyard-rollback-")
        self.row = {"kind": kind, "rate": rate, "share": share}

    def start(self, name, args, **more):
        log = open(os.path.join(self.folder, name + ".log"), "wb")
        process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=more.get("stdout", log), stderr=log)
        self.processes.append(process)
        return process

    def app(self, slot, version):
        path = os.path.join(self.folder, slot + ".log")
        self.start(slot, [os.path.join(BUILD, "switchyard-demo"), "--bind", "127.0.0.1:0", "--slot", slot,
                          "--version", version, "--seed", str(zlib.crc32(f"{self.kind} {self.rate} {slot}".encode()))])
        return wait_for(lambda: listening_port(path), f"{slot} does not start")

    def tell(self, port, faults):
        query = "&".join(f"{key}={value}".replace("%", "%25") for key, value in faults.items())
        request = urllib.request.Request(f"http://127.0.0.1:{port}/_admin/fault?{query}", data=b"", method="POST")
        urllib.request.urlopen(request, timeout=10).read()

    def ctl(self, *words):
        done = subprocess.run([os.path.join(BUILD, "switchctl"), "-s", os.path.join(self.folder, "admin.sock"),
                               "--json", *words], capture_output=True, text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}

    def switch(self, blue, green):
        path = os.path.join(self.folder, "switchyard.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""
run_dir = "{self.folder}"
state_dir = "{self.folder}/state"
listener http {{ bind = "127.0.0.1:0" }}
service shop {{
    slot blue  {{ targets = {{ "127.0.0.1:{blue}" }}  version = "v1" }}
    slot green {{ targets = {{ "127.0.0.1:{green}" }}  version = "v2" }}
    canary {{ key = {{ "header:X-User" }} }}
    evidence {{ key = "header:X-User" }}
}}
""")
        self.start("switchyard", [os.path.join(BUILD, "switchyard"), "-c", path])
        ports = os.path.join(self.folder, "ports.json")
        wait_for(lambda: os.path.exists(ports) and self.ctl("wait", "healthy", "shop")[0] == 0, "no switch")
        with open(ports, encoding="utf-8") as file:
            return find_port(json.load(file))

    def newest_rollback(self):
        _, answer = self.ctl("history", "20", "shop")
        for entry in answer.get("result", {}).get("history", []):
            if entry.get("kind") in ("rollback", "canary-abort"):
                return entry
        return None

    def measure(self):
        good, bad = KINDS[self.kind]
        blue, green = self.app("blue", "v1"), self.app("green", "v2")
        self.tell(blue, good)
        self.tell(green, good)
        front = self.switch(blue, green)
        load = self.start("load", [os.path.join(BUILD, "bench", "bench_pace"), "--to", f"127.0.0.1:{front}",
                                   "--rate", str(self.rate), "--connections", "4000"], stdout=subprocess.PIPE)
        time.sleep(self.options.learn)
        code, answer = self.ctl("canary", "start", "shop", f"{self.share}%", "--to", "green")
        if code != 0:
            raise RuntimeError(f"no canary: {answer}")
        time.sleep(self.options.settle)
        early = self.newest_rollback()
        if early is None:
            self.tell(green, bad)
            load.send_signal(signal.SIGUSR1)
            self.await_rollback()
        else:
            self.row["false"] = early.get("trigger", "")
        time.sleep(2)
        load.send_signal(signal.SIGTERM)
        self.take(json.loads(load.communicate(timeout=60)[0]))

    def await_rollback(self):
        end = time.monotonic() + self.options.limit
        while time.monotonic() < end:
            entry = self.newest_rollback()
            if entry is not None:
                self.row["trigger"] = entry.get("trigger", "")
                self.row["reason"] = entry.get("reason", "")
                return
            time.sleep(0.2)

    def take(self, result):
        green = result["slots"].get("green", {})
        self.row["failed"] = green.get("since_errors", 0) + result["since_failed"]
        self.row["requests"] = green.get("since", 0)
        self.row["lost"] = result["failed"]
        self.row["seconds"] = green.get("last_s") if "trigger" in self.row else None

    def run(self):
        try:
            self.measure()
        except Exception as error:  # a cell that cannot be measured says so in its row
            self.row["error"] = str(error)
        finally:
            self.end()
        return self.row

    def end(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        if not self.options.keep:
            subprocess.run(["rm", "-rf", self.folder], check=False)


def wait_for(fact, words, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = fact()
        if found:
            return found
        time.sleep(0.05)
    raise RuntimeError(words)


def listening_port(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("listening on "):
                return int(line.rsplit(":", 1)[1])
    return None


def find_port(ports):
    for address in ports.get("listeners", {}).values():
        return int(address.rsplit(":", 1)[1])
    raise RuntimeError(f"no listener in {ports}")


def cell_text(row):
    if "error" in row:
        return f"error: {row['error'][:40]}"
    if "false" in row:
        return f"before the fault ({row['false']})"
    if row["seconds"] is None:
        return f"none / {row['failed']}"
    return f"{row['seconds']:.1f} / {row['failed']}"


def print_table(rows, options):
    rates = sorted({row["rate"] for row in rows})
    shares = sorted({row["share"] for row in rows})
    print("| fault | " + " | ".join(f"{rate} req/s, {share} %" for rate in rates for share in shares) + " |")
    print("| --- |" + " --- |" * (len(rates) * len(shares)))
    for kind in KINDS:
        found = {(row["rate"], row["share"]): row for row in rows if row["kind"] == kind}
        if found:
            cells = [cell_text(found[key]) if key in found else "" for key in
                     [(rate, share) for rate in rates for share in shares]]
            print(f"| {kind} | " + " | ".join(cells) + " |")
    print(f"\nseconds until the last request went to the bad release / requests that failed there; none: not within "
          f"{options.limit} s")
    for row in rows:
        if row.get("reason") and options.reasons:
            print(f"{row['kind']}, {row['rate']} req/s, {row['share']} %: {row['reason']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", default=",".join(map(str, RATES)))
    parser.add_argument("--shares", default=",".join(map(str, SHARES)))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--learn", type=float, default=20, help="seconds before the canary")
    parser.add_argument("--settle", type=float, default=15, help="seconds between the canary and the fault")
    parser.add_argument("--limit", type=float, default=300, help="seconds to wait for a rollback")
    parser.add_argument("--reasons", action="store_true", help="print the explanations too")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the folders")
    options = parser.parse_args()
    cells = [Cell(kind, int(rate), float(share) if "." in share else int(share), options)
             for kind in options.kinds.split(",") for rate in options.rates.split(",")
             for share in options.shares.split(",")]
    light = [cell for cell in cells if cell.rate <= 200]
    rows = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        rows += pool.map(Cell.run, light)
    for cell in cells:
        if cell not in light:
            rows.append(cell.run())
            print(f"{cell.kind}, {cell.rate} req/s, {cell.share} %: {cell_text(cell.row)}", file=sys.stderr)
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        print_table(rows, options)
    return 1 if any("error" in row or "false" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
