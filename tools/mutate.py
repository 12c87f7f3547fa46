#!/usr/bin/env python3
"""Breaks the code on purpose, one place at a time, and sees whether a test notices: the proof that the tests hold.

Usage: mutate.py [--check | --table] [NAME...]. `./dev mutate` is the same, and installs what is missing.

tools/mutations.toml is the list: what each mutation breaks, and the narrowest test that must fail. Works in a copy of
the tree, below build/mutate/, with build folders of its own. First every test that is used must pass on the
copy as it is; then each mutation is put in, built, tested and taken out. It is caught only when a test fails by name: a
mutation that does not build, or that makes everything hang, proves nothing; a test that waited in vain runs twice. Ends with one line of totals; exits 1
unless each was caught, 2 when the list is wrong. NAME is the beginning of a mutation's name.
"""

import argparse
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tools" / "mutations.toml"
PROGRAMS = ["bulla-gateway", "bulla-keyserver", "bulla"]
PAGES = ["wasm", "viewer", "portal"]
TEST_TIME = 300
BUILD_TIME = 3600


class Mistake(Exception):
    """The list is wrong, or the tree cannot be prepared; the text is for people."""


@dataclass(frozen=True)
class Check:
    """One run of a test program. kind: gtest, vitest or unittest; where: a program, a file below web/, or a dotted name."""

    kind: str
    where: str
    name: str = ""

    def __str__(self) -> str:
        parts = {"gtest": f"{self.where} {self.name}", "vitest": f"web/{self.where}", "unittest": self.where}
        return parts[self.kind]


@dataclass(frozen=True)
class Mutation:
    """Replaces `find`, which stands once in `file`; `pages` is what is built again for it besides the test's program."""

    name: str
    promise: str
    breaks: str
    file: str
    find: str
    replace: str
    test: Check
    pages: tuple[str, ...] = ()
    may_hang: bool = False


# ---- the list


def read_check(name: str, table: dict) -> Check:
    kinds = [kind for kind in ("gtest", "vitest", "unittest") if kind in table]
    if len(kinds) != 1 or set(table) - {kinds[0], "name"}:
        raise Mistake(f"{name}: test must be {{ gtest = …, name = … }}, {{ vitest = …, name = … }} or {{ unittest = … }}")
    if kinds[0] == "gtest" and not table.get("name"):
        raise Mistake(f"{name}: which test of {table['gtest']}?")
    return Check(kinds[0], table[kinds[0]], table.get("name", ""))


def read_mutation(table: dict, promises: dict[str, str]) -> Mutation:
    name = table.get("name", "?")
    needed = {"name", "promise", "breaks", "file", "find", "replace", "test"}
    wrong = (needed - set(table)) | (set(table) - needed - {"pages", "may_hang"})
    if wrong:
        raise Mistake(f"{name}: missing or unknown: {', '.join(sorted(wrong))}")
    if table["promise"] not in promises:
        raise Mistake(f"{name}: there is no promise '{table['promise']}'")
    if table["find"] == table["replace"]:
        raise Mistake(f"{name}: it changes nothing")
    if set(table.get("pages", [])) - set(PAGES):
        raise Mistake(f"{name}: pages are {', '.join(PAGES)}")
    rest = {**table, "test": read_check(name, table["test"]), "pages": tuple(table.get("pages", []))}
    return Mutation(**rest)


def read_list(path: Path = LIST) -> tuple[dict[str, str], list[Mutation]]:
    """The promises (short name -> words), and the mutations in the order of the file."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    promises = data.get("promises", {})
    mutations = [read_mutation(table, promises) for table in data.get("mutation", [])]
    doubles = [name for name, count in Counter(one.name for one in mutations).items() if count > 1]
    if doubles or not mutations:
        raise Mistake(f"there are several mutations {', '.join(doubles)}" if doubles else "there is no mutation")
    return promises, mutations


def misfits(root: Path, mutations: list[Mutation]) -> list[str]:
    """Says of each mutation that does not apply why not: the list must change with the code."""
    out = []
    for one in mutations:
        path = root / one.file
        count = path.read_text(encoding="utf-8").count(one.find) if path.is_file() else 0
        if count != 1:
            out.append(f"{one.name}: its text stands {count} times in {one.file}, and must stand there once")
    return out


def chosen(mutations: list[Mutation], names: list[str]) -> list[Mutation]:
    unknown = [name for name in names if not any(one.name.startswith(name) for one in mutations)]
    if unknown:
        raise Mistake(f"there is no mutation {', '.join(unknown)}")
    return [one for one in mutations if not names or one.name.startswith(tuple(names))]


def markdown(promises: dict[str, str], mutations: list[Mutation]) -> list[str]:
    """The table of doc/assurance.md."""
    rows = ["| promise | what is broken | the test that must fail |", "|---|---|---|"]
    for key, words in promises.items():
        mine = [one for one in mutations if one.promise == key]
        for number, one in enumerate(mine):
            rows.append(f"| {'' if number else words} | {one.breaks} (`{one.name}`) | `{one.test}` |")
        if not mine:
            rows.append(f"| {words} | – | – |")
    return rows


# ---- what a log says


def failed_gtest(log: str) -> list[str]:
    names = re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w./]+)", log, re.MULTILINE)
    if names:
        return sorted(set(names))
    # A test that brings the program down is the last that began, and has no end.
    begun = re.findall(r"^\[ RUN      \] (\S+)", log, re.MULTILINE)
    ended = re.search(r"^\[==========\].* ran\.", log, re.MULTILINE)
    last_is_over = begun and re.search(rf"^\[       OK \] {re.escape(begun[-1])} ", log, re.MULTILINE)
    return [] if not begun or ended or last_is_over else [begun[-1]]


def failed_unittest(log: str) -> list[str]:
    return sorted(set(re.findall(r"^(?:FAIL|ERROR): (test_\w+) \(", log, re.MULTILINE)))


def only_timed_out(log: str) -> bool:
    """Whether all that failed in a log of unittest is a wait: it may have been the machine that was slow."""
    waited = re.search(r"^(?:\w+\.)*Timeout(?:Error|Expired)\b", log, re.MULTILINE)
    return waited is not None and not re.search(r"^FAIL: ", log, re.MULTILINE)


def failed_vitest(report: dict) -> list[str]:
    return [one["fullName"] for one in assertions(report) if one["status"] == "failed"]


def assertions(report: dict) -> list[dict]:
    return [one for file in report.get("testResults", []) for one in file["assertionResults"]]


def failed_tests(kind: str, log: str, report: dict) -> list[str]:
    """The names of the tests that failed, by what the runner of this kind wrote."""
    if kind == "vitest":
        return failed_vitest(report)
    return failed_gtest(log) if kind == "gtest" else failed_unittest(log)


def really_ran(kind: str, log: str, report: dict) -> bool:
    """Whether at least one test ran and passed, and none was skipped: what is skipped proves nothing."""
    if kind == "vitest":
        return any(one["status"] == "passed" for one in assertions(report))
    if kind == "gtest":
        return "[  SKIPPED ]" not in log and re.search(r"^\[  PASSED  \] [1-9]", log, re.MULTILINE) is not None
    return "skipped=" not in log and re.search(r"^Ran [1-9]\d* tests? in ", log, re.MULTILINE) is not None


# ---- the copy of the tree


class Tree:
    """A copy of the tree in which code may be broken. Times are those of copying, so that builds see changes."""

    def __init__(self, root: Path, folder: Path):
        self.root = root
        self.path = folder / "tree"
        self.logs = folder / "log"
        self.good = folder / "good"
        self.environment = {**os.environ, "BULLA_BIN": str(self.path / "build" / "asan" / "bin")}

    def sync(self) -> int:
        """Makes the copy the same as the files that git does not ignore, also after a run that was killed; how many files changed."""
        self.logs.mkdir(parents=True, exist_ok=True)
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=self.root,
                                check=True, capture_output=True, text=True)
        wanted = {name for name in listed.stdout.split("\0") if name and (self.root / name).is_file()}
        changed = 0
        for name in sorted(wanted):
            source, target = self.root / name, self.path / name
            if not target.is_file() or target.read_bytes() != source.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
                changed += 1
        for folder, folders, names in os.walk(self.path):
            folders[:] = [name for name in folders if name not in ("build", "node_modules", "__pycache__")]
            for name in names:
                path = Path(folder, name)
                if path.relative_to(self.path).as_posix() not in wanted:
                    path.unlink()
                    changed += 1
        return changed

    def borrow(self):
        """Takes over what was fetched for the tree itself: Node's packages, and the source of libsodium."""
        build = self.path / "build"
        build.mkdir(exist_ok=True)
        sodium = build / "sodium"
        if not os.path.lexists(sodium):
            sodium.symlink_to(self.root / "build" / "sodium")
        ours, theirs = self.path / "web" / "node_modules", self.root / "web" / "node_modules"
        stamp = ".bulla-stamp"
        if not (theirs / stamp).is_file():
            raise Mistake("web/node_modules is missing: ./dev mutate installs it")
        if not (ours / stamp).is_file() or (ours / stamp).read_bytes() != (theirs / stamp).read_bytes():
            shutil.rmtree(ours, ignore_errors=True)
            # A real folder: its links to our own packages must lead into the copy.
            shutil.copytree(theirs, ours, symlinks=True, copy_function=link_or_copy)

    def run(self, command: list, log: Path, limit: float, folder: Path | None = None) -> int | None:
        """The exit code of a command that writes to a log; nothing when it took too long."""
        with open(log, "wb") as out:
            process = subprocess.Popen(command, cwd=folder or self.path, env=self.environment, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                return process.wait(limit)
            except subprocess.TimeoutExpired:
                return None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def build(self, name: str, programs: list[str], pages: list[str]) -> str:
        """Builds; an empty text, or which log says why it does not."""
        commands = []
        if "wasm" in pages:
            commands += self.configured("wasm", [])
        for page in ("viewer", "portal"):
            if page in pages:
                commands.append((page, ["npm", "--prefix", "web", "run", "build", "--workspace", f"@bulla/{page}"]))
        if programs:
            commands += self.configured("asan", programs)
        for title, command in commands:
            log = self.logs / f"{name}.{title}.log"
            if self.run(command, log, BUILD_TIME) != 0:
                return f"see {log.relative_to(self.root)}"
        return ""

    def configured(self, preset: str, targets: list[str]) -> list[tuple[str, list[str]]]:
        folder = self.path / "build" / preset
        make = [] if (folder / "build.ninja").exists() else [(f"cmake-{preset}", ["cmake", "--preset", preset])]
        return [*make, (preset, ["ninja", "-C", str(folder), "-j", str(os.cpu_count() or 2), *targets])]

    def keep_pages(self):
        """Remembers the built pages and modules as they are without a mutation."""
        shutil.rmtree(self.good, ignore_errors=True)
        shutil.copytree(self.path / "build" / "web", self.good / "web")
        for module in (self.path / "build" / "wasm").glob("*.wasm"):
            shutil.copy(module, self.good)

    def restore_pages(self):
        # Not with their old times: a program that was built with a broken page must be built again.
        shutil.copytree(self.good / "web", self.path / "build" / "web", dirs_exist_ok=True, copy_function=shutil.copy)
        for module in self.good.glob("*.wasm"):
            shutil.copy(module, self.path / "build" / "wasm")

    def log(self, title: str) -> Path:
        """Where the log of a test is, seen from the tree."""
        return (self.logs / f"{title}.test.log").relative_to(self.root)

    def test(self, title: str, check: Check) -> tuple[int | None, str, dict]:
        """Runs a test: its exit code (nothing: it hung), its log, and the report of vitest."""
        log, report = self.root / self.log(title), self.logs / f"{title}.report.json"
        report.unlink(missing_ok=True)
        folder = None
        if check.kind == "gtest":
            command = [self.path / "build" / "asan" / "bin" / check.where, f"--gtest_filter={check.name}"]
        elif check.kind == "unittest":
            command = [sys.executable, "-m", "unittest", "-v", check.where]
        else:
            package, _, file = check.where.partition("/")
            folder = self.path / "web" / package
            command = ["node", self.path / "web" / "node_modules" / "vitest" / "vitest.mjs", "run", file,
                       "--reporter=default", "--reporter=json", f"--outputFile.json={report}"]
            command += ["-t", check.name] if check.name else []
        code = self.run(command, log, TEST_TIME, folder)
        read = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        return code, log.read_text(encoding="utf-8", errors="replace"), read


def link_or_copy(source: str, target: str):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


# ---- the run


def programs_of(check: Check) -> list[str]:
    return {"gtest": [check.where], "unittest": PROGRAMS, "vitest": []}[check.kind]


def prove(tree: Tree, mutations: list[Mutation]):
    """Builds the copy as it is, and makes sure that each test that is used passes on it."""
    checks = list(dict.fromkeys(one.test for one in mutations))
    programs = list(dict.fromkeys(program for check in checks for program in programs_of(check)))
    needs_pages = any(one.pages or one.test.kind != "gtest" for one in mutations)
    started = time.monotonic()
    problem = tree.build("unbroken", programs, PAGES if needs_pages else [])
    if problem:
        raise Mistake(f"the tree does not build without any mutation: {problem}")
    if needs_pages:
        tree.keep_pages()
    say(f"built in {seconds(started)}; now {len(checks)} tests must pass")
    started = time.monotonic()
    bad = []
    for number, check in enumerate(checks, 1):
        code, log, report = tree.test(f"unbroken-{number}", check)
        if code != 0 or not really_ran(check.kind, log, report):
            bad.append(f"{check} does not pass without any mutation: see {tree.log(f'unbroken-{number}')}")
    if bad:
        raise Mistake("\n".join(bad))
    say(f"all of them do, in {seconds(started)}")


def verdict(one: Mutation, code: int | None, failed: list[str]) -> tuple[str, str]:
    """What a run of the test says about the mutation: caught, SURVIVED or UNCLEAR, and why."""
    if code is None:
        return ("caught", "by a time-out, as expected") if one.may_hang else ("UNCLEAR", "the test hangs")
    if code == 0:
        return "SURVIVED", str(one.test)
    if not failed:
        return "UNCLEAR", f"no test failed by name; it ended with {code}"
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return "caught", f"by {failed[0]}{more}"


def attempt(tree: Tree, one: Mutation) -> tuple[str, str]:
    """Puts a mutation in, builds, tests, and takes it out."""
    path = tree.path / one.file
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(one.find, one.replace), encoding="utf-8")
    try:
        problem = tree.build(one.name, programs_of(one.test), list(one.pages))
        if problem:
            return "UNCLEAR", f"it does not build: {problem}"
        code, log, report = tree.test(one.name, one.test)
        if one.test.kind == "unittest" and only_timed_out(log):
            code, log, report = tree.test(one.name, one.test)
        return verdict(one, code, failed_tests(one.test.kind, log, report))
    finally:
        path.write_text(before, encoding="utf-8")
        if one.pages:
            tree.restore_pages()


def say(text: str):
    print(f"    {text}", flush=True)


def seconds(since: float) -> str:
    spent = round(time.monotonic() - since)
    return f"{spent} s" if spent < 120 else f"{spent // 60} min {spent % 60} s"


def run(mutations: list[Mutation]) -> int:
    # So that whoever ends the run ends what it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = ROOT / "build" / "mutate"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Mistake("another mutate.py runs in this tree") from None
        started = time.monotonic()
        tree = Tree(ROOT, folder)
        say(f"{tree.sync()} files copied to build/mutate/tree; building what the tests need")
        tree.borrow()
        prove(tree, mutations)
        counts = Counter()
        width = max(len(one.name) for one in mutations)
        for one in mutations:
            begun = time.monotonic()
            word, why = attempt(tree, one)
            counts[word] += 1
            print(f"{word:8}  {one.name:{width}}  {why}  ({seconds(begun)})", flush=True)
    print(f"{len(mutations)} mutations: {counts['caught']} caught, {counts['SURVIVED']} survived, "
          f"{counts['UNCLEAR']} unclear; took {seconds(started)}")
    return 0 if counts["caught"] == len(mutations) else 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Breaks the code on purpose, and sees whether a test notices.")
    parser.add_argument("--check", action="store_true", help="only see whether every mutation of the list still applies")
    parser.add_argument("--table", action="store_true", help="only print the list as the table of doc/assurance.md")
    parser.add_argument("names", nargs="*", metavar="NAME", help="those mutations whose names begin so; all by default")
    options = parser.parse_args(arguments)
    try:
        promises, mutations = read_list()
        if options.table:
            print("\n".join(markdown(promises, mutations)))
            return 0
        problems = misfits(ROOT, mutations)
        if problems:
            raise Mistake("the list does not fit the code any more:\n" + "\n".join(problems))
        if options.check:
            print(f"{len(mutations)} mutations apply")
            return 0
        return run(chosen(mutations, options.names))
    except (Mistake, tomllib.TOMLDecodeError) as mistake:
        print(f"mutate: {mistake}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
