"""The steps of scripts/check. Each step yields findings (file, line, rule, words); a finding that
scripts/check-exceptions names is left out. Prints file:line for each and ends with a summary; the
exit status is 0 only if every step ran and found nothing."""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

Finding = collections.namedtuple("Finding", "path line rule words")

JOBS = max(2, os.cpu_count() or 2)
TIDY_FOLDER = "build-check"
MOST_EXCEPTIONS = 5
MOST_LINES = 600
MOST_HEADER_LINES = 120

# Which rooms a room may include, besides itself. Programs that are no room are listed too.
ROOMS = {
    "base": [],
    "http": ["base"],
    "evidence": ["base"],
    "net": ["base"],
    "config": ["base", "evidence"],
    "route": ["base", "http", "evidence"],
    "proxy": ["base", "http", "net", "evidence", "route"],
    "health": ["base", "http", "net", "route"],
    "store": ["base", "net"],
    "backup": ["base", "net"],
    "audit": ["base", "net"],
    "deploy": ["base", "net", "config", "evidence", "route", "health", "store", "backup"],
    "pilot": ["base", "net", "config", "evidence", "route", "health", "store", "backup", "deploy"],
    "control": ["base", "http", "net", "config", "evidence", "route", "health", "store", "audit",
                "backup", "deploy", "pilot"],
    "lint": ["base"],
    "mcp": ["base"],
    "ctl": ["base", "lint", "mcp", "audit"],
    "demo": ["base"],
}
ROOMS["app"] = [room for room in ROOMS if room not in ("ctl", "demo", "lint", "mcp")]

# Where a library's header may be included: a room, or one file.
LIBRARIES = {
    r"cjson/|cJSON": ["control", "config", "deploy", "pilot", "health", "ctl", "demo", "lint", "mcp",
                      "store", "audit", "backup", "src/base/strict_json.c"],
    r"event2/|event\.h|evhttp|evutil": ["net", "demo"],
    r"urcu": ["src/base/rcu.c"],
    r"confuse": ["config"],
    r"openssl/": ["net", "deploy", "control", "audit", "backup", "ctl", "src/base/seal.c", "demo", "lint"],
    r"pg_query": ["lint"],
    r"libpq": ["store", "lint", "src/config/option_database.c"],
    r"jwt\.h": ["control", "ctl"],
    r"curl/": ["control"],
}

BANNED_CALLS = "strcpy strcat sprintf vsprintf strtok atoi alloca gets".split()
BANNED_NOUNS = "backend node server conn ctx info manager".split()


def list_tree():
    """Files that git knows or would add, so that a new file is checked before it is added; without a
    repository every file outside build folders."""
    done = run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
                "--exclude-standard"])
    if done.returncode == 0:
        return sorted(path for path in set(done.stdout.split("\0")) if path and os.path.isfile(path))
    found = []
    for top, folders, files in os.walk("."):
        folders[:] = [name for name in folders if name != ".git" and not name.startswith("build")]
        found += [os.path.relpath(os.path.join(top, name)) for name in files]
    return sorted(found)


def tracked(*folders):
    starts = tuple(folder.rstrip("/") + "/" for folder in folders)
    return [path for path in list_tree() if not starts or path.startswith(starts)]


def sources(*folders):
    return [path for path in tracked(*folders) if path.endswith((".c", ".h", ".def"))]


def lines_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


def code_lines(path):
    """The lines with comments and string contents blanked out: (number, code)."""
    text = "\n".join(lines_of(path))

    def blank(match):
        piece = match.group(0)
        if piece.startswith(("/*", "//")):
            return re.sub(r"[^\n]", " ", piece)
        return piece[0] + re.sub(r"[^\n]", " ", piece[1:-1]) + piece[-1]

    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return list(enumerate(re.sub(pattern, blank, text, flags=re.S).split("\n"), 1))


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for found in pool.map(function, items):
            yield from found


def parse_tool(output, rule=None):
    """path:line[:column]: warning|error|id: words [rule]"""
    for line in output.splitlines():
        match = re.match(r"([^\s:][^:]*):(\d+)(?::\d+)?: (?:fatal )?(\w+): (.*)$", line)
        if not match or match.group(3) in ("note", "information"):
            continue
        path = os.path.relpath(match.group(1))
        words, named = match.group(4), re.search(r" \[([\w.,-]+)\]$", match.group(4))
        name = rule or (named.group(1).split(",")[0] if named else match.group(3))
        yield Finding(path, int(match.group(2)), name, words[: named.start()] if named else words)


# --- steps -------------------------------------------------------------------------------------


def check_format():
    files = [path for path in sources() if not path.endswith(".def")]

    def some(paths):
        found = parse_tool(run(["clang-format", "--dry-run", "-Werror", *paths]).stderr)
        first = {item.path: item.line for item in reversed(list(found))}
        return [Finding(path, line, "format", "not formatted: scripts/check --fix-format")
                for path, line in sorted(first.items())]

    return in_parallel(some, [files[at:at + 40] for at in range(0, len(files), 40)])


def check_sizes():
    stems = {}
    for path in sources():
        count = len(lines_of(path))
        is_interface = path.endswith(".h") and path.startswith(("include/", "src/"))
        most = MOST_HEADER_LINES if is_interface else MOST_LINES
        if count > most:
            yield Finding(path, count, "file-size", f"{count} lines, at most {most}")
    for path in tracked("src"):
        stem, end = os.path.splitext(os.path.basename(path))
        if end != ".c" or stem == "main":
            continue
        if stem in stems:
            yield Finding(path, 1, "stem", f"the file stem is used by {stems[stem]} too")
        stems[stem] = path


def check_words():
    calls = re.compile(r"\b(" + "|".join(BANNED_CALLS) + r")\s*\(")
    noun = re.compile(r"^struct (?:\w+_)?(" + "|".join(BANNED_NOUNS) + r")\b.*\{")
    quiet = re.compile(r"\b(NOLINT|cppcheck-suppress)")
    late = re.compile(r"\b(TODO|FIXME|XXX)\b(?! ?\(#\d+\))")
    size = re.compile(r"\bsizeof ?\((struct|union|enum) ")
    for path in sources():
        for number, code in code_lines(path):
            for match in calls.finditer(code):
                yield Finding(path, number, "banned-call", f"{match.group(1)} is not used here")
            if size.search(code) and "_Static_assert" not in code:
                yield Finding(path, number, "sizeof-type", "sizeof *pointer, not sizeof(type)")
            if noun.search(code) and path.startswith(("src/", "include/")):
                yield Finding(path, number, "banned-noun", "another word, please: " + code.strip())
        for number, line in enumerate(lines_of(path), 1):
            if late.search(line):
                yield Finding(path, number, "late", "an open end without an issue number (#N)")
            if quiet.search(line):
                yield Finding(path, number, "quiet", "silenced here instead of in check-exceptions")


def check_layers():
    for path in sources("src", "include"):
        room = path.split("/")[1]
        if path.startswith("include/") and path.count("/") < 2 or room not in ROOMS:
            yield Finding(path, 1, "layer", f"{room} is not a room of the table")
            continue
        for number, line in enumerate(lines_of(path), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                yield from check_include(path, room, number, match.group(1), match.group(2))
    for path in sources("tests/unit"):
        room = path.split("/")[2]
        for number, line in enumerate(lines_of(path), 1):
            match = re.match(r'\s*#\s*include\s*"(\w+)/', line)
            if match and match.group(1) in ROOMS and room in ROOMS:
                if match.group(1) not in [room, *ROOMS[room]]:
                    yield Finding(path, number, "layer",
                                  f"a test of {room} may not include {match.group(1)}")


def check_include(path, room, number, kind, name):
    if kind == '"':
        other = name.split("/")[0]
        if "/" not in name:
            yield Finding(path, number, "layer", f'"{name}": a header is named with its room')
        elif other not in [room, *ROOMS[room]]:
            yield Finding(path, number, "layer", f"{room} may not include {other}")
        elif other != room and name.endswith("_priv.h"):
            yield Finding(path, number, "layer", f'"{name}" is private to {other}')
    for pattern, places in LIBRARIES.items():
        if kind == "<" and re.match(pattern, name) and room not in places and path not in places:
            yield Finding(path, number, "library", f"<{name}> belongs to " + ", ".join(places))


def check_headers():
    def one(path):
        flags = ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Iinclude", "-Isrc",
                 "-I/usr/include/postgresql"]
        name = path.split("/", 1)[1]
        code = f'#include "{name}"\n#include "{name}"\nint main(void);\n'
        done = run(["cc", *flags, "-fsyntax-only", "-x", "c", "-"], input=code)
        if done.returncode == 0:
            return []
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        return [Finding(path, 1, "header", "does not compile alone: " + first.strip())]

    headers = [path for path in sources("include", "src") if path.endswith(".h")]
    return in_parallel(one, headers)


def check_scripts():
    for path in tracked("scripts", ".ci", "bench", "tests", "docker"):
        first = lines_of(path)[:1]
        if not first or not re.match(r"#!.*\b(bash|sh)\b", first[0]):
            continue
        done = run(["bash", "-n", path])
        if done.returncode != 0:
            yield Finding(path, 1, "script", done.stderr.strip())
        if not os.access(path, os.X_OK):
            yield Finding(path, 1, "script", "is not executable")


def configure_for_tidy():
    """clang's own flags, no launcher: what clang-tidy understands."""
    command = ["cmake", "-S", ".", "-B", TIDY_FOLDER, "-G", "Ninja", "-DCMAKE_C_COMPILER=clang",
               "-DCMAKE_C_COMPILER_LAUNCHER="]
    done = run(command)
    return done.stdout + done.stderr if done.returncode != 0 else None


def size_reasons(notes):
    """What is too large, without blocks that a macro brings along (CHECK, Criterion's asserts)."""
    for note, after in zip(notes, [*notes[1:], ""]):
        if "expanded from macro" in note or "nesting level" in note and "from macro" in after:
            continue
        if "nesting level" in note:
            yield "blocks nested deeper than 3 in line " + note.split(":")[1]
        else:
            yield re.sub(r".*note: ", "", note)


def is_list_loop(item):
    """The analyzer does not see that removing the head of a <sys/queue.h> list changes its head, and
    calls the next turn of the loop a use after free."""
    near = " ".join(lines_of(item.path)[max(0, item.line - 4): item.line])
    return item.rule == "clang-analyzer-unix.Malloc" and "after it is freed" in item.words and (
        re.search(r"\b(TAILQ|STAILQ|LIST|SLIST)_(FIRST|LAST|EMPTY|FOREACH)\b", near))


def parse_tidy(output):
    blocks = re.split(r"\n(?=\S[^\n]*: (?:warning|error): )", "\n" + output)
    for block in blocks:
        for item in list(parse_tool(block))[:1]:
            notes = [line for line in block.splitlines() if re.match(r"\S[^:]*:\d+:\d+: note: ", line)]
            if item.rule == "readability-function-size":
                reasons = list(size_reasons(notes))
                if not reasons:
                    continue
                item = item._replace(words=item.words.split(" exceeds")[0] + " is too large: " +
                                     ", ".join(reasons))
            if not is_list_loop(item):
                yield item


def check_tidy():
    trouble = configure_for_tidy()
    if trouble:
        yield Finding("CMakeLists.txt", 1, "tidy", trouble.strip()[-500:])
        return

    def one(path):
        command = ["clang-tidy", "-p", TIDY_FOLDER, "--quiet",
                   "--extra-arg=-Wno-unknown-warning-option",
                   "--extra-arg=-Wno-missing-field-initializers", path]
        if path.startswith(("tests/unit/", "tests/e2e/")):
            # Criterion's macros are not ours; only the size of our functions is.
            command.insert(1, "--checks=-*,readability-function-size")
        done = run(command)
        found = [item for item in parse_tidy(done.stdout) if not item.path.startswith("..")]
        if done.returncode != 0 and not found:
            found = [Finding(path, 1, "tidy", done.stderr.strip()[-500:])]
        return found

    with open(os.path.join(TIDY_FOLDER, "compile_commands.json"), encoding="utf-8") as file:
        known = set(re.findall(r'"file": "([^"]+)"', file.read()))
    files = [path for path in sources() if os.path.abspath(path) in known]
    files.sort(key=os.path.getsize, reverse=True)
    seen = set()
    for item in in_parallel(one, files):
        if item not in seen:
            seen.add(item)
            yield item


def check_cppcheck():
    queue = run(["cc", "-E", "-M", "-x", "c", "-"], input="#include <sys/queue.h>\n").stdout
    queue = re.search(r"\S+/sys/queue\.h", queue)
    lists = [f"--include={queue.group(0)}"] if queue else []
    done = run(["cppcheck", "--quiet", "--enable=warning,performance,portability", "--std=c11",
                "--suppress=missingIncludeSystem", "--suppress=unknownMacro",
                "-D__STDC_VERSION__=201710L", "-D_GNU_SOURCE", *lists, "-Iinclude", "-Isrc", f"-j{JOBS}",
                "--template={file}:{line}: {id}: {message}", "src"])
    return parse_tool(done.stderr + done.stdout)


STEPS = collections.OrderedDict([
    ("format", check_format), ("sizes", check_sizes), ("words", check_words),
    ("layers", check_layers), ("headers", check_headers), ("scripts", check_scripts),
    ("cppcheck", check_cppcheck), ("tidy", check_tidy),
])


# --- the run -----------------------------------------------------------------------------------


class Exceptions:
    def __init__(self, path):
        self.path = path
        self.rows = []
        self.trouble = []
        for number, line in enumerate(lines_of(path) if os.path.exists(path) else [], 1):
            parts = line.split(None, 2)
            if not parts or line.startswith("#"):
                continue
            if len(parts) < 3:
                self.trouble.append(Finding(path, number, "exception", "RULE PATH reason"))
            self.rows.append([number, *parts[:2], False])
        if len(self.rows) > MOST_EXCEPTIONS:
            self.trouble.append(Finding(path, 1, "exception", f"more than {MOST_EXCEPTIONS}"))

    def covers(self, finding):
        for row in self.rows:
            if row[1] == finding.rule and row[2] == finding.path:
                row[3] = True
                return True
        return False

    def idle(self):
        return [Finding(self.path, row[0], "exception", f"{row[1]} {row[2]} finds nothing any more")
                for row in self.rows if not row[3]]


def print_finding(finding):
    print(f"{finding.path}:{finding.line}: {finding.words} [{finding.rule}]", flush=True)


def report_untested_faults():
    """A note, not a finding: faults that no test names."""
    table = "include/base/fault.def"
    if not os.path.exists(table):
        return
    tests = "\n".join("\n".join(lines_of(path)) for path in tracked("tests") if path.endswith(".c"))
    names = re.findall(r"^FAULT\((\w+),", "\n".join(lines_of(table)), flags=re.M)
    missing = [name for name in names
               if not re.search(rf"\bFAULT_{name}\b|\b{name.lower()}\b", tests)]
    if missing:
        print(f"note: {len(missing)} faults are named by no test: {' '.join(missing).lower()}")


def main(arguments):
    if arguments == ["--list"]:
        print("\n".join(STEPS))
        return 0
    if arguments == ["--fix-format"]:
        files = [path for path in sources() if not path.endswith(".def")]
        return subprocess.run(["clang-format", "-i", *files], check=False).returncode
    if any(name not in STEPS for name in arguments):
        print("usage: scripts/check [--fix-format] [" + "] [".join(STEPS) + "]", file=sys.stderr)
        return 2
    for tool in ("clang-format", "clang-tidy", "cppcheck", "cmake", "ninja"):
        if shutil.which(tool) is None:
            print(f"{tool} is missing: scripts/install-deps --test", file=sys.stderr)
            return 2
    exceptions = Exceptions("scripts/check-exceptions")
    total = 0
    summary = []
    for name in arguments or STEPS:
        begun = time.monotonic()
        count = 0
        for item in STEPS[name]():
            if not exceptions.covers(item):
                print_finding(item)
                count += 1
        total += count
        summary.append(f"  {name:<9} {count:4} findings {time.monotonic() - begun:6.1f} s")
    trouble = exceptions.trouble + (exceptions.idle() if not arguments else [])
    for item in trouble:
        print_finding(item)
    total += len(trouble)
    if not arguments:
        report_untested_faults()
    print("\n".join(summary))
    print(f"scripts/check: {total} findings")
    return 0 if total == 0 else 1


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    sys.exit(main(sys.argv[1:]))
