#!/usr/bin/env python3
"""Checks that dependencies point inward: what each folder may include (C++) or import (TypeScript).

Usage: check_arrows.py [ROOT]. Prints FILE:LINE: and the reason for each violation; exits 1 if there is any, or if
nothing was found to check. The tables below are the architecture (doc/architecture.md); a new folder needs a row.
"""

import re
import sys
from pathlib import Path

# Folder -> what it may include besides itself: folders, or single headers. "*" is everything: programs and tests.
FOLDERS = {
    "core/base": [],
    "core/crypto": ["core/base"],
    "core/age": ["core/base", "core/crypto"],
    "core/opaque": ["core/base", "core/crypto"],
    "core/envelope": ["core/base", "core/crypto", "core/age"],
    "core/wasm": ["core"],
    "mail": ["core/base", "core/envelope"],
    "smtp": ["core/base"],
    "policy": ["core/base", "mail", "smtp/syntax.h", "queue/queue.h"],
    "keys": [
        "core/base",
        "core/crypto",
        "core/age",
        "core/opaque",
        "core/envelope",
        "mail/address.h",
        "store/store.h",
        "store/records.h",
    ],
    "store": ["core/base"],
    "queue": ["core/base", "core/crypto", "core/age"],
    "net": ["core/base", "smtp"],
    "program": ["core/base"],
    "assets": ["core/base"],
    "gateway": ["*"],
    "keyserver": ["*"],
    "cli": ["*"],
    "bench": ["*"],
    "fuzz": ["*"],
    "tests": ["*"],
    "vectors": ["*"],
}

# Outside headers that belong to some folders alone (programs, which see everything, may use them as well).
OUTSIDE = [
    (r"boost/(asio|beast)", ["net"]),
    (r"(sys/socket|netinet/|netdb|sys/epoll|poll\.h)", ["net"]),
    (r"sqlite3", ["store", "queue"]),
    (r"openssl/", ["core/crypto", "net"]),
    (r"sodium", ["core/base", "core/crypto", "core/opaque"]),
    (r"gmime/", ["mail", "policy"]),
    (r"idn2", ["mail"]),
    (r"(toml\+\+|spdlog|CLI)/", ["program"]),
]

# core/ does no I/O, has no threads, and does not know the time or the system.
NO_IO = re.compile(
    r"(fstream|iostream|filesystem|thread|mutex|future|cstdio|stdio\.h|unistd\.h|fcntl\.h|sys/.*|boost/(?!json|system))$"
)
NO_IO_EXCEPT = {
    "core/base/clock.cc",
    "core/base/check.cc",
    "core/base/random.cc",
    "core/base/time_text.cc",  # formats with <cstdio>
    "core/envelope/content_sealer.cc",  # native only: seals on both cores
}

# TypeScript package (folder of web/) -> the other packages it may import.
PACKAGES = {
    "shared": [],
    "wasm": [],
    "viewer": ["shared", "wasm"],
    "portal": ["shared", "wasm", "viewer"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
IMPORT = re.compile(r"""(?:\bfrom|\bimport|\bimport\s*\()\s*["']([^"']+)["']""")
CPP_SUFFIXES = {".h", ".cc"}
TS_SUFFIXES = {".ts", ".tsx", ".js", ".mjs"}
SKIPPED = {"build", "node_modules", "dist", ".git"}


def source_files(root: Path, suffixes: set[str]):
    """Yields the tracked kinds of files below root, without what is built or fetched."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix in suffixes and path.is_file() and not SKIPPED.intersection(parts):
            yield path


def folder_of(relative: str) -> str | None:
    """The row of FOLDERS that a file or an include belongs to: the longest that fits."""
    fits = [folder for folder in FOLDERS if relative.startswith(folder + "/")]
    return max(fits, key=len, default=None)


def may_include(folder: str, header: str) -> bool:
    """Whether a file of the folder may include a header of the project."""
    allowed = [folder, *FOLDERS[folder]]
    return "*" in allowed or any(header == entry or header.startswith(entry + "/") for entry in allowed)


def is_test(relative: str) -> bool:
    """Tests and benchmarks stand outside: they may use whatever helps them."""
    return relative.endswith(("_test.cc", "_bench.cc")) or "/test" in relative


def check_outside(relative: str, folder: str, header: str) -> str | None:
    """The reason why a header from outside of the project must not be included here, if there is one."""
    if "*" in FOLDERS[folder]:
        return None
    for pattern, owners in OUTSIDE:
        if re.match(pattern, header) and folder not in owners:
            return f"<{header}> belongs to {', '.join(owners)} and the programs"
    if folder.startswith("core/") and relative not in NO_IO_EXCEPT and NO_IO.match(header):
        return f"core/ does no I/O and must not include <{header}>"
    return None


def check_include(root: Path, relative: str, folder: str, quoted: bool, header: str) -> str | None:
    """The reason why this #include is wrong, if it is."""
    target = folder_of(header)
    if not quoted:
        return check_outside(relative, folder, header)
    if target is None or not (root / header).exists():
        return f'"{header}" is no file of the project, named from its root'
    if not may_include(folder, header):
        return f"{folder} must not include {header}: the arrow points outward"
    return None


def check_cpp(root: Path):
    """Yields (file, line, reason) for C++; the reason is None for an include that is right."""
    for path in source_files(root, CPP_SUFFIXES):
        relative = path.relative_to(root).as_posix()
        if relative.startswith("web/"):
            continue
        folder = folder_of(relative)
        if folder is None:
            yield relative, 1, "this folder has no row in tools/check_arrows.py"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                reason = check_include(root, relative, folder, match[1] == '"', match[2])
                yield relative, number, None if is_test(relative) else reason


def imported_package(path: Path, web: Path, target: str) -> str | None:
    """The package of ours that an import names, by its name or by a path that leads there."""
    if target.startswith("@bulla/"):
        return target.split("/")[1]
    if target.startswith("."):
        resolved = (path.parent / target).resolve()
        if resolved.is_relative_to(web.resolve()):
            return resolved.relative_to(web.resolve()).parts[0]
    return None


def check_typescript(root: Path):
    """Yields (file, line, reason) for imports between the packages of web/."""
    web = root / "web"
    for path in source_files(web, TS_SUFFIXES) if web.is_dir() else []:
        relative = path.relative_to(root).as_posix()
        package = path.relative_to(web).parts[0]
        if len(path.relative_to(web).parts) == 1 or package in ("e2e", "tools", "test"):
            continue  # settings and tests of the whole workspace
        if package not in PACKAGES:
            yield relative, 1, "this package has no row in tools/check_arrows.py"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for target in IMPORT.findall(line):
                other = imported_package(path, web, target)
                wrong = other is not None and other != package and other not in PACKAGES[package]
                yield relative, number, f"{package} must not import {target}" if wrong else None


def main(arguments: list[str]) -> int:
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    checked = violations = 0
    for file, line, reason in [*check_cpp(root), *check_typescript(root)]:
        checked += 1
        if reason is not None:
            violations += 1
            print(f"{file}:{line}: {reason}")
    print(f"arrows: {checked} includes and imports looked at, {violations} wrong")
    return 1 if violations or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
