"""The measuring part of bench/run: starts the proxies, alternates them, reads their CPU time, and
prints ratios. Standard library only. See bench/README.md for what the figures mean."""

import argparse
import ctypes
import json
import os
import platform
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PEERS = ["haproxy", "nginx"]
RELAYS = ["relay", "relay-splice"]
STEERED = "switchyard-steered"
PROXIES = ["switchyard", *PEERS, *RELAYS]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Scenario:
    """One kind of load. `skip` names proxies for which it means something else."""

    def __init__(self, name, load, skip=(), tool="bench_load"):
        self.name = name
        self.load = load
        self.skip = skip
        self.tool = tool


def get(path, size, connections=64):
    return ["--path", path, "--expect", size, "--connections", str(connections)]


SCENARIOS = [
    Scenario("GET 100 B, 64 connections", get("/100", "100")),
    Scenario("GET 100 B, 256 connections", get("/100", "100", 256)),
    Scenario("GET 1 KiB", get("/1k", "1k")),
    Scenario("GET 64 KiB", get("/64k", "64k")),
    Scenario("GET 1 MiB", get("/1m", "1m", 32)),
    Scenario("POST 64 KiB", ["--body", "64k", "--path", "/sink", "--expect", "2"]),
    Scenario("POST 8 MiB", ["--body", "8m", "--path", "/sink", "--expect", "2", "--connections", "16"]),
    Scenario("chunked 1 KiB", get("/chunked1k", "1k")),
    Scenario("chunked 64 KiB", get("/chunked64k", "64k")),
    # The relay opens its upstream connection with each client: no like for like.
    Scenario("new client connection each", [*get("/100", "100"), "--new", "--sources", "32"], RELAYS),
    Scenario("WebSocket echo 1 KiB", ["--payload", "1k", "--connections", "64"], tool="bench_tunnel"),
]
TLS_SCENARIOS = [
    Scenario("TLS 1.3 GET 100 B", get("/100", "100"), RELAYS, "bench_tls"),
    Scenario("TLS 1.3 GET 1 MiB", get("/1m", "1m", 32), RELAYS, "bench_tls"),
    Scenario("TLS 1.3 full handshake + GET", [*get("/100", "100"), "--new", "--sources", "32"], RELAYS, "bench_tls"),
    Scenario("TLS 1.3 resumed handshake + GET", [*get("/100", "100"), "--new", "--resume", "--sources", "32"], RELAYS,
             "bench_tls"),
]
SCENARIOS += TLS_SCENARIOS
IDLE_TLS = "idle TLS connection, bytes of RSS"
IDLE = "idle connection, bytes of RSS"
TUNNELS = "idle tunnel, bytes of RSS"
STEERING = "steering: GET 100 B, plain and with tenants, canary, preview, group"
SYSCALLS = "system calls per GET 100 B"


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Processes:
    """Everything started here ends here, by its own pid."""

    def __init__(self):
        self.running = []

    def start(self, cpu, args, **options):
        args = ["taskset", "-c", str(cpu), *args]
        process = subprocess.Popen(args, preexec_fn=die_with_parent, stdin=subprocess.DEVNULL, **options)
        self.running.append(process)
        return process

    def stop(self, process):
        if process in self.running:
            self.running.remove(process)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()

    def stop_all(self):
        for process in list(self.running):
            self.stop(process)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, process, seconds=10):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            return False
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


def rss_bytes(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


class Bench:
    def __init__(self, args):
        self.args = args
        self.processes = Processes()
        self.dir = tempfile.mkdtemp(prefix="switchyard-bench-")
        self.missing = {}
        self.origin_port = free_port()
        tool = os.path.join(ROOT, args.build, "bench")
        self.tools = {name: os.path.join(tool, name) for name in ("bench_relay", "bench_origin", "bench_load", "bench_tunnel", "bench_tls")}
        self.tls_ports = {}
        self.certificate = self.make_certificate()
        self.errors = open(os.path.join(self.dir, "errors"), "w")
        origin = self.processes.start(args.load_cpu, [self.tools["bench_origin"], self.address(self.origin_port)])
        if not wait_port(self.origin_port, origin):
            sys.exit("bench: the origin does not start")

    def make_certificate(self):
        """ECDSA P-256, key and certificate in one file, the same for all; where openssl is missing the rows fail."""
        path = os.path.join(self.dir, "bench.pem")
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                   "-subj", "/CN=bench.test", "-addext", "subjectAltName=DNS:bench.test", "-keyout", path, "-out", path + ".crt"]
        subprocess.run(command, check=True, capture_output=True)
        with open(path, "a") as pem, open(path + ".crt") as certificate:
            pem.write(certificate.read())
        os.chmod(path, 0o600)
        return path

    @staticmethod
    def address(port):
        return f"127.0.0.1:{port}"

    def close(self):
        self.processes.stop_all()
        self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def write_config(self, name, file, port):
        folder = os.path.join(self.dir, f"{name}-{port}")
        os.makedirs(os.path.join(folder, "state"))
        with open(os.path.join(ROOT, "bench", "peers", file)) as f:
            text = f.read()
        self.tls_ports[port] = free_port()
        for key, value in (("TLSPORT", self.tls_ports[port]), ("CERT", self.certificate), ("PORT", port), ("ORIGIN", self.origin_port), ("DIR", folder),
                           ("CONNECTIONS", self.args.idle * (2 if name == "nginx" else 1) + 1000)):
            text = text.replace(f"@{key}@", str(value))
        path = os.path.join(folder, file)
        with open(path, "w") as f:
            f.write(text)
        # nginx as root gives its worker to another user
        os.chmod(self.dir, 0o755)
        return path, folder

    def command(self, name, port):
        """The command of a proxy, or None with the reason in `missing`."""
        if name in RELAYS:
            splice = ["--splice"] if name == "relay-splice" else []
            return [self.tools["bench_relay"], *splice, self.address(port), self.address(self.origin_port)]
        if name in ("switchyard", STEERED):
            program = os.path.join(ROOT, self.args.build, "switchyard")
        else:
            program = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        if not program or not os.access(program, os.X_OK):
            self.missing[name] = "not installed" if name != "switchyard" else "not built"
            return None
        files = {"switchyard": "switchyard.conf", STEERED: "switchyard-steered.conf", "haproxy": "haproxy.cfg", "nginx": "nginx.conf"}
        path, folder = self.write_config(name, files[name], port)
        if name in ("switchyard", STEERED):
            return [program, "-c", path]
        if name == "haproxy":
            return [program, "-db", "-f", path]
        return [program, "-p", folder, "-c", path]

    def start_proxy(self, name):
        """(process, pid to measure, port) or None."""
        port = free_port()
        command = self.command(name, port)
        if command is None:
            return None
        process = self.processes.start(self.args.proxy_cpu, command, stdout=self.errors, stderr=self.errors)
        if not wait_port(port, process):
            self.processes.stop(process)
            self.missing[name] = "does not start: " + self.last_error()
            return None
        pid = process.pid
        if name == "nginx":
            workers = children(pid)
            if len(workers) != 1:
                self.missing[name] = f"{len(workers)} workers instead of one"
                self.processes.stop(process)
                return None
            pid = workers[0]
        return process, pid, port

    def last_error(self):
        with open(self.errors.name) as f:
            lines = f.read().strip().splitlines()
        return lines[-1] if lines else "says nothing"

    def start_proxies(self, skip=()):
        started = {}
        for name in self.args.proxies:
            proxy = self.start_proxy(name) if name not in skip else None
            if proxy:
                started[name] = proxy
        return started

    def stop_proxies(self, started):
        for process, _, _ in started.values():
            self.processes.stop(process)

    def load_command(self, port, options, tool="bench_load"):
        if tool == "bench_tls":
            port = self.tls_ports[port]
        return ["taskset", "-c", str(self.args.load_cpu), self.tools[tool], *options, self.address(port)]

    def run_load(self, port, options, limit, tool="bench_load"):
        try:
            done = subprocess.run(self.load_command(port, options, tool), capture_output=True, text=True,
                                  timeout=limit, preexec_fn=die_with_parent)
            return json.loads(done.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            return None

    def measure_once(self, scenario, pid, port):
        options = [*scenario.load, "--cpu-of", str(pid), "--warmup", f"{self.args.warmup_ms}ms",
                   "--time", f"{self.args.window_ms}ms"]
        if scenario.tool == "bench_load":
            options += ["--stall", "3s"]
        return self.run_load(port, options, self.args.window_ms / 1000 + self.args.warmup_ms / 1000 + 15,
                             scenario.tool)

    def measure(self, scenario):
        """Per proxy the medians over the rounds; a window with any failure is not in them."""
        started = self.start_proxies(scenario.skip)
        names = list(started)
        windows = {name: [] for name in names}
        problems = {name: [] for name in names}
        for turn in range(self.args.rounds):
            shift = turn % max(len(names), 1)
            for name in names[shift:] + names[:shift]:
                _, pid, port = started[name]
                result = self.measure_once(scenario, pid, port)
                if result is None:
                    problems[name].append("no result")
                elif result["failed"] > 0 or result["requests"] == 0:
                    counts = {k: v for k, v in result["failures"].items() if v}
                    problems[name].append(f"{result['failed']} failed {counts}")
                else:
                    windows[name].append(result)
        self.stop_proxies(started)
        keys = ("cpu_us_per_request", "requests_per_s", "p50_us", "p99_us", "cpu_share")
        rows = {}
        for name in names:
            good = windows[name]
            rows[name] = {key: statistics.median(w[key] for w in good) for key in keys} if good else {}
            rows[name]["windows"] = len(good)
            if good:
                cpu = [w["cpu_us_per_request"] for w in good]
                rows[name]["cpu_low"], rows[name]["cpu_high"] = min(cpu), max(cpu)
            if problems[name]:
                rows[name]["problems"] = problems[name]
        return rows

    def steer(self, port):
        """A running canary and a thousand pins, none of which a request of the load meets."""
        socket_path = os.path.join(self.dir, f"{STEERED}-{port}", "admin.sock")
        program = os.path.join(ROOT, self.args.build, "switchctl")
        pins = "".join(f"tenant-{i} green\n" for i in range(1000))
        for words, text in ((["canary", "start", "release", "--to", "green", "50%"], ""),
                            (["tenant", "load", "-"], pins)):
            done = subprocess.run([program, "-s", socket_path, *words], input=text, text=True, capture_output=True)
            if done.returncode != 0:
                return (done.stderr or done.stdout).strip()
        return None

    def measure_steering(self):
        """Both started anew for every window, because two starts of one binary differ."""
        scenario = Scenario(STEERING, get("/100", "100"))
        windows = {"switchyard": [], STEERED: []}
        rows = {name: {} for name in windows}
        for turn in range(2 * self.args.rounds):
            for name in sorted(windows, reverse=turn % 2 == 1):
                proxy = self.start_proxy(name)
                if not proxy:
                    continue
                process, pid, port = proxy
                problem = self.steer(port) if name == STEERED else None
                result = self.measure_once(scenario, pid, port) if problem is None else None
                self.processes.stop(process)
                if result is None or result["failed"] > 0:
                    rows[name].setdefault("problems", []).append(problem or "requests failed")
                else:
                    windows[name].append(result["cpu_us_per_request"])
        for name, values in windows.items():
            if values:
                rows[name].update({"cpu_us_per_request": statistics.median(values), "cpu_low": min(values),
                                   "cpu_high": max(values), "windows": len(values)})
        return rows

    def measure_idle(self):
        """RSS per connection that has had one request and waits for the next."""
        options = ["--once", "--path", "/100", "--expect", "100", "--connections", str(self.args.idle),
                   "--time", "30s", "--hold", "1500ms", "--sources", "4"]
        return self.measure_held(self.args.idle, options, "bench_load", RELAYS)

    def measure_idle_tls(self):
        """The same inside of TLS."""
        options = ["--once", "--path", "/100", "--expect", "100", "--connections", str(self.args.idle),
                   "--time", "60s", "--hold", "1500ms", "--sources", "4"]
        return self.measure_held(self.args.idle, options, "bench_tls", RELAYS)

    def measure_tunnels(self):
        """RSS per tunnel that is switched and silent; it needs two descriptors of the proxy."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = self.args.idle if most == resource.RLIM_INFINITY else min(self.args.idle, (most - 1000) // 2)
        options = ["--once", "--connections", str(count), "--hold", "1500ms", "--sources", "4"]
        return self.measure_held(count, options, "bench_tunnel", ["relay-splice"])  # six descriptors each

    def measure_held(self, count, options, tool, skip=()):
        rows = {}
        for name in self.args.proxies:
            proxy = self.start_proxy(name) if name not in skip else None
            if not proxy:
                continue
            process, pid, port = proxy
            warm = ["--path", "/100", "--connections", "64", "--time", "300ms"]
            if tool == "bench_tls":
                self.run_load(port, [*warm, "--expect", "100"], 15, tool)
            self.run_load(port, warm, 15)
            time.sleep(0.3)
            before = rss_bytes(pid)
            load = self.processes.start(self.args.load_cpu, self.load_command(port, options, tool)[3:],
                                        stdout=subprocess.PIPE, text=True)
            holding = json.loads(load.stdout.readline() or "{}")
            time.sleep(0.7)
            after = rss_bytes(pid)
            result = json.loads(load.stdout.readline() or "{}")
            self.processes.stop(load)
            self.processes.stop(process)
            held = holding.get("holding", 0)
            rows[name] = {"connections": held}
            if held == count and result.get("open_at_end") == count:
                rows[name]["bytes"] = (after - before) / count
            else:
                rows[name]["problems"] = [f"{held} of {count} answered, {result.get('open_at_end')} stayed open"]
        return rows

    def measure_syscalls(self):
        rows = {}
        if not shutil.which("strace"):
            return rows
        requests = self.args.strace_requests
        for name in self.args.proxies:
            proxy = self.start_proxy(name)
            if not proxy:
                continue
            process, pid, port = proxy
            warm = ["--path", "/100", "--connections", "64", "--time", "200ms"]
            self.run_load(port, warm, 15)
            counts = os.path.join(self.dir, f"strace-{name}")
            tracer = subprocess.Popen(["strace", "-c", "-f", "-U", "calls,name", "-o", counts, "-p", str(pid)],
                                      stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
            time.sleep(0.5)
            load = ["--path", "/100", "--expect", "100", "--connections", "64",
                    "--requests", str(requests), "--time", "60s"]
            result = self.run_load(port, load, 90)
            tracer.send_signal(signal.SIGINT)
            try:
                tracer.wait(5)
            except subprocess.TimeoutExpired:
                tracer.kill()
                tracer.wait()
            self.processes.stop(process)
            rows[name] = self.read_strace(counts, result)
        return rows

    @staticmethod
    def read_strace(path, result):
        if result is None or result["requests"] == 0 or result["failed"] > 0:
            return {"problems": ["requests failed under strace"]}
        calls = {}
        with open(path) as f:
            for line in f:
                match = re.match(r"\s*(\d+)\s+(\w+)\s*$", line)
                if match and match.group(2) != "total":
                    calls[match.group(2)] = int(match.group(1)) / result["requests"]
        if not calls:
            return {"problems": ["strace could not attach"]}
        return {"calls": sum(calls.values()), "by_name": {k: round(v, 3) for k, v in calls.items() if v >= 0.01}}


def ratio(rows, key, names):
    ours = rows.get("switchyard", {}).get(key)
    others = [rows[name][key] for name in names if key in rows.get(name, {})]
    return ours / min(others) if ours and others else None


def cell(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def table(title, names, lines):
    print(f"\n{title}\n")
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    sys.stdout.flush()


def print_tables(report, proxies):
    heads = ["switchyard : better peer", "switchyard : relay"]
    lines = []
    for name, rows in report["scenarios"].items():
        line = [name] + [cell(rows.get(p, {}).get("cpu_us_per_request")) for p in proxies]
        line += [cell(ratio(rows, "cpu_us_per_request", PEERS)), cell(ratio(rows, "cpu_us_per_request", RELAYS))]
        lines.append(line)
    table("CPU µs per request of the proxy (median)", ["work", *proxies, *heads], lines)
    lines = []
    for name, rows in report["scenarios"].items():
        line = [name]
        for p in proxies:
            row = rows.get(p, {})
            line.append(f"{row['requests_per_s']:.0f} · {row['p50_us']:.0f} / {row['p99_us']:.0f}"
                        if "p50_us" in row else "-")
        lines.append(line)
    table("Requests/s · p50 / p99 µs", ["work", *proxies], lines)
    lines = []
    for name, part, key, digits in ((IDLE, "bytes", "bytes", 0), (IDLE_TLS, "tls_bytes", "bytes", 0), (TUNNELS, "tunnels", "bytes", 0),
                                    (SYSCALLS, "calls", "calls", 2)):
        rows = report.get(part, {})
        if rows:
            lines.append([name] + [cell(rows.get(p, {}).get(key), digits) for p in proxies] +
                         [cell(ratio(rows, key, PEERS)), cell(ratio(rows, key, RELAYS))])
    if lines:
        table("Memory and system calls", ["what", *proxies, *heads], lines)
    print_steering(report.get("steering", {}))
    print_problems(report)


def print_steering(rows):
    plain, steered = (rows.get(name, {}) for name in ("switchyard", STEERED))
    if "cpu_us_per_request" not in plain or "cpu_us_per_request" not in steered:
        return
    lines = [[name] + [cell(row[key]) for key in ("cpu_us_per_request", "cpu_low", "cpu_high")]
             for name, row in (("plain", plain), ("steered", steered))]
    lines.append(["steered : plain", cell(steered["cpu_us_per_request"] / plain["cpu_us_per_request"], 3),
                  cell(steered["cpu_low"] / plain["cpu_low"], 3), cell(steered["cpu_high"] / plain["cpu_high"], 3)])
    table("Steering, GET 100 B: CPU µs per request", ["configuration", "median", "lowest", "highest"], lines)


def print_problems(report):
    print()
    for name, why in report["missing"].items():
        print(f"MISSING {name}: {why}")
    groups = dict(report["scenarios"])
    groups.update({STEERING: report.get("steering", {}), IDLE: report.get("bytes", {}), IDLE_TLS: report.get("tls_bytes", {}), TUNNELS: report.get("tunnels", {}),
                   SYSCALLS: report.get("calls", {})})
    for scenario, rows in groups.items():
        for name, row in rows.items():
            for problem in row.get("problems", []):
                print(f"ERR {name}, {scenario}: {problem}")


def read_arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description="Switchyard beside HAProxy, nginx and a byte relay.")
    parser.add_argument("--quick", action="store_true", help="short windows, less than three minutes in all")
    parser.add_argument("--only", default="", metavar="PATTERN", help="rows whose name matches, as in 'GET 100|idle'")
    parser.add_argument("--rounds", type=int, help="windows per proxy and row (5; quick 2)")
    parser.add_argument("--proxies", default=",".join(PROXIES), help="a selection, separated by commas")
    parser.add_argument("--cpus", default="0,1", help="CPU of the proxy, CPU of load and origin")
    parser.add_argument("--idle", type=int, default=10000, help="how many idle connections")
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    parser.add_argument("--build", default="build-bench", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.proxies = args.proxies.split(",")
    unknown = set(args.proxies) - set(PROXIES)
    if unknown:
        parser.error(f"no such proxy: {', '.join(sorted(unknown))}")
    args.proxy_cpu, args.load_cpu = args.cpus.split(",")
    args.rounds = args.rounds or (2 if args.quick else 5)
    args.warmup_ms, args.window_ms = (150, 600) if args.quick else (400, 2000)
    args.strace_requests = 3000 if args.quick else 10000
    return args


def save(report):
    folder = os.path.join(ROOT, "out")
    os.makedirs(folder, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = os.path.join(folder, f"bench-{stamp}.json")
    with open(path, "w") as f:
        json.dump(report, f, indent=1)
    print(f"\n{os.path.relpath(path, ROOT)}")


def describe_machine():
    model = "unknown"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "date": time.strftime("%Y-%m-%d")}


def on_signal(number, frame):
    sys.exit(128 + number)


def raise_limit():
    """The limit of descriptors that this run has."""
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1048576, 1048576))
    except (ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def run(bench, report):
    args = bench.args
    for scenario in SCENARIOS:
        if re.search(args.only, scenario.name):
            print(f"measuring: {scenario.name}", file=sys.stderr)
            report["scenarios"][scenario.name] = bench.measure(scenario)
    if re.search(args.only, STEERING) and "switchyard" in args.proxies:
        print(f"measuring: {STEERING}", file=sys.stderr)
        report["steering"] = bench.measure_steering()
    if re.search(args.only, IDLE):
        print(f"measuring: {IDLE}", file=sys.stderr)
        report["bytes"] = bench.measure_idle()
    if re.search(args.only, IDLE_TLS):
        print(f"measuring: {IDLE_TLS}", file=sys.stderr)
        report["tls_bytes"] = bench.measure_idle_tls()
    if re.search(args.only, TUNNELS):
        print(f"measuring: {TUNNELS}", file=sys.stderr)
        report["tunnels"] = bench.measure_tunnels()
    if re.search(args.only, SYSCALLS):
        print(f"measuring: {SYSCALLS}", file=sys.stderr)
        report["calls"] = bench.measure_syscalls()


def main():
    args = read_arguments()
    if args.list:
        print("\n".join([s.name for s in SCENARIOS] + [STEERING, IDLE, IDLE_TLS, TUNNELS, SYSCALLS]))
        return 0
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    limit = raise_limit()
    most = (limit - 2000) // 2  # proxies keep a second descriptor for each client in reserve
    if args.idle > most:
        args.idle = most
        print(f"only {args.idle} idle connections: the limit of descriptors is {limit}")
    machine = describe_machine()
    print(f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, {machine['date']}; "
          f"{args.rounds} rounds of {args.window_ms} ms")
    if (os.cpu_count() or 1) < 2:
        print("only one CPU: load and proxy share it, the times are not comparable with others")
    report = {"machine": machine, "rounds": args.rounds, "window_ms": args.window_ms, "scenarios": {}}
    bench = Bench(args)
    try:
        run(bench, report)
    finally:
        bench.close()
    report["missing"] = bench.missing
    print_tables(report, args.proxies)
    save(report)
    bad = any("problems" in row for rows in report["scenarios"].values() for row in rows.values())
    return 1 if bad or report["missing"] else 0


if __name__ == "__main__":
    sys.exit(main())
