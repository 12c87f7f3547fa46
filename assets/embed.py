#!/usr/bin/env python3
"""Writes the sources that embed a folder's files into a program.

Usage: embed.py NAME FOLDER OUTPUT [SUBFOLDER...]
Takes each file of the given sub-folders of FOLDER (of all of FOLDER if there are none) and writes OUTPUT.s, which
includes the bytes with .incbin, OUTPUT.cc, which defines bulla::assets::NAME_files(), and OUTPUT.d, which tells the
build what they depend on: the files, and the folders, so that a new file is noticed.
"""

import base64
import hashlib
import sys
from pathlib import Path

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}


def content_type(path: Path) -> str:
    if path.suffix not in CONTENT_TYPES:
        raise SystemExit(f"embed: {path}: no content type for '{path.suffix}'; add it to assets/embed.py")
    return CONTENT_TYPES[path.suffix]


def find_files(folder: Path, subfolders: list[str]) -> tuple[list[Path], list[Path]]:
    """The files to embed, sorted as the programs sort their paths, and the folders they were found in."""
    files, folders = [], []
    for top in [folder / name for name in subfolders] or [folder]:
        if not top.is_dir():
            raise SystemExit(f"embed: {top} is missing: the pages are not built yet; run ./dev build")
        entries = [top, *top.rglob("*")]
        folders += [entry for entry in entries if entry.is_dir()]
        files += [entry for entry in entries if entry.is_file() and not entry.name.startswith(".")]
    if not files:
        raise SystemExit(f"embed: {folder} is empty: run ./dev build")
    return sorted(files, key=lambda file: file.relative_to(folder).as_posix().encode()), sorted(folders)


def assembly(name: str, files: list[Path]) -> str:
    """The bytes, each file between two labels. The digest in the comment keeps compiler caches honest."""
    lines = ['.section .rodata', '.section .note.GNU-stack,"",@progbits', ".section .rodata"]
    for number, file in enumerate(files):
        label = f"bulla_asset_{name}_{number}"
        lines += [
            f"# {hashlib.sha256(file.read_bytes()).hexdigest()}",
            ".balign 16",
            f".global {label}, {label}_end",
            f".hidden {label}, {label}_end",
            f'{label}: .incbin "{file}"',
            f"{label}_end: .byte 0",
        ]
    return "\n".join(lines) + "\n"


def table(name: str, folder: Path, files: list[Path]) -> str:
    """The C++ that names the labels."""
    declarations, rows = [], []
    for number, file in enumerate(files):
        label = f"bulla_asset_{name}_{number}"
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()[:18]).decode()
        declarations.append(f"extern const std::uint8_t {label}[], {label}_end[];")
        path = file.relative_to(folder).as_posix()
        rows.append(f'      {{"{path}", "{content_type(file)}", "\\"{digest}\\"", {{{label}, {label}_end}}}},')
    return "\n".join(
        [
            "// Written by assets/embed.py.",
            "#include <vector>",
            "",
            '#include "assets/assets.h"',
            "",
            'extern "C" {',
            *declarations,
            "}",
            "",
            "namespace bulla::assets {",
            f"std::span<const File> {name}_files();",
            f"std::span<const File> {name}_files() {{",
            "  static const std::vector<File> files = {",
            *rows,
            "  };",
            "  return files;",
            "}",
            "}  // namespace bulla::assets",
            "",
        ]
    )


def main(arguments: list[str]) -> None:
    name, folder, output, *subfolders = arguments
    files, folders = find_files(Path(folder), subfolders)
    Path(output + ".s").write_text(assembly(name, files), encoding="utf-8")
    Path(output + ".cc").write_text(table(name, Path(folder), files), encoding="utf-8")
    inputs = " ".join(str(path).replace(" ", "\\ ") for path in [*files, *folders])
    Path(output + ".d").write_text(f"{output}.s {output}.cc: {inputs}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
