"""Tests of the check of inward arrows: each kind of violation is caught, and what is right is left alone."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import check_arrows


class CheckArrows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for header in ["core/base/bytes.h", "core/age/header.h", "store/store.h", "store/sqlite.h", "net/listener.h"]:
            self.write(header, "#pragma once\n")

    def write(self, path: str, text: str):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def check(self) -> tuple[int, str]:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = check_arrows.main([str(self.root)])
        return code, output.getvalue()

    def test_violations_are_named_with_file_and_line(self):
        rows = [
            ("an arrow outward", "core/base/a.cc", '#include "core/age/header.h"', "core/base must not include"),
            ("interfaces only", "keys/a.cc", '#include "store/sqlite.h"', "keys must not include store/sqlite.h"),
            ("no sockets in keys", "keys/a.cc", '#include "net/listener.h"', "keys must not include net/listener.h"),
            ("Asio", "smtp/a.cc", "#include <boost/asio/io_context.hpp>", "belongs to net"),
            ("Beast", "keys/a.h", "#  include <boost/beast/http.hpp>", "belongs to net"),
            ("SQL", "keys/a.cc", "#include <sqlite3.h>", "belongs to store"),
            ("sockets", "smtp/a.cc", "#include <sys/socket.h>", "belongs to net"),
            ("MIME", "queue/a.cc", "#include <gmime/gmime.h>", "belongs to mail"),
            ("I/O in core", "core/age/a.cc", "#include <fstream>", "core/ does no I/O"),
            ("threads in core", "core/age/a.cc", "#include <thread>", "core/ does no I/O"),
            ("not from the root", "core/base/a.cc", '#include "bytes.h"', "no file of the project"),
            ("no such file", "core/base/a.cc", '#include "core/base/none.h"', "no file of the project"),
            ("a folder without a row", "extra/a.cc", "int a;", "this folder has no row"),
            ("a package outward", "web/viewer/src/a.ts", 'import { a } from "@bulla/portal";', "viewer must not import"),
            ("a path outward", "web/viewer/src/a.ts", 'import "../../portal/src/b.js";', "viewer must not import"),
            ("a dynamic import", "web/wasm/src/a.ts", 'await import("@bulla/viewer")', "wasm must not import"),
            ("a re-export", "web/wasm/src/a.ts", 'export * from "@bulla/viewer";', "wasm must not import"),
            ("a package without a row", "web/extra/a.ts", "let a;", "this package has no row"),
        ]
        for title, path, text, reason in rows:
            with self.subTest(title):
                self.write(path, "// first line\n" + text + "\n")
                code, output = self.check()
                (self.root / path).unlink()
                self.assertEqual(code, 1, output)
                self.assertRegex(output, f"{path}:[12]: .*{reason}")

    def test_what_is_right_is_left_alone(self):
        rows = [
            ("inward", "core/age/a.cc", '#include "core/base/bytes.h"\n#include <vector>'),
            ("an interface", "keys/a.cc", '#include "store/store.h"'),
            ("net owns Asio", "net/a.cc", "#include <boost/asio/io_context.hpp>\n#include <sys/socket.h>"),
            ("programs see everything", "gateway/a.cc", '#include "store/sqlite.h"\n#include <sqlite3.h>'),
            ("tests see everything", "core/base/a_test.cc", '#include "net/listener.h"\n#include <fstream>'),
            ("JSON", "policy/a.cc", "#include <boost/json.hpp>"),
            ("inward among packages", "web/portal/src/a.ts", 'import { a } from "@bulla/wasm";\nimport "./b.js";'),
            ("other people's packages", "web/portal/src/a.ts", 'import { h } from "preact";'),
        ]
        for title, path, text in rows:
            with self.subTest(title):
                self.write(path, text + "\n")
                code, output = self.check()
                (self.root / path).unlink()
                self.assertEqual(code, 0, output)

    def test_built_and_fetched_files_are_not_looked_at(self):
        self.write("core/base/a.cc", '#include "core/base/bytes.h"\n')
        self.write("build/x/a.cc", '#include "none.h"\n')
        self.write("web/node_modules/p/a.ts", 'import "@bulla/portal";\n')
        self.assertEqual(self.check()[0], 0)

    def test_nothing_to_check_is_a_failure(self):
        for file in list(self.root.rglob("*.h")):
            file.unlink()
        self.assertEqual(self.check()[0], 1)


if __name__ == "__main__":
    unittest.main()
