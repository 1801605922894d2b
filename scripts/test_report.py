"""Counts for scripts/test: single Criterion tests and one per other program, out of ctest's JUnit files;
each sanitizer log and each tree that was not built is one more failure. Names what failed; the last line
is "N passed, N failed". Exit status 0 only if something passed and nothing failed."""

import glob
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+) \| Crashing: (\d+)")


def count_case(case):
    """(passed, failed) of one program."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", case.findtext("system-out") or "")
    is_good = case.get("status") == "run"
    found = SYNTHESIS.findall(text)
    if not found:
        return (1, 0) if is_good else (0, 1)
    tested = sum(int(row[0]) for row in found)
    passed = sum(int(row[1]) for row in found)
    failed = tested - passed
    if failed == 0 and (not is_good or tested == 0):
        failed = 1  # a sanitizer's words, an exit status, or nothing tested at all
    return passed, failed


def main(reports, logs, before, broken):
    passed, failed = 0, int(before)
    for path in sorted(glob.glob(os.path.join(reports, "*.xml"))):
        tree = os.path.basename(path).split("-")[0]
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            if case.get("status") == "disabled":
                continue
            good, bad = count_case(case)
            passed, failed = passed + good, failed + bad
            if bad:
                print(f"failed: {case.get('name')} in {tree} ({bad})")
    if int(before):
        print("failed: a step before the tests")
    for tree in broken:
        print(f"failed: the {tree} tree was not built")
    for path in sorted(glob.glob(os.path.join(logs, "*"))):
        with open(path, encoding="utf-8", errors="replace") as file:
            print(f"sanitizer: {os.path.basename(path)}\n{file.read(6000)}")
        failed += 1
    failed += len(broken)
    if passed == 0 and failed == 0:
        print("failed: no test ran")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], sys.argv[4:]))
