"""Looks for marked content, in whatever way it may be written, in bytes that must not hold it; and records traffic."""

import base64
import json
import re
import secrets
import socket
import threading
import urllib.parse
from pathlib import Path


def marker(what):
    """A text that nothing else contains. Letters and digits only, so that it survives any header."""
    return f"{what}{secrets.token_hex(10)}"


def base64_forms(data):
    """What base64 makes of `data` at each of the three offsets, without the characters that its neighbours decide."""
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + data)
        yield text[(0, 2, 3)[offset] : (len(data) + offset) // 3 * 4]


def forms(what):
    """Every way in which a text, or bytes, is looked for: title and bytes."""
    raw = what.encode() if isinstance(what, str) else what
    found = [("raw", raw), ("hex", raw.hex().encode()),
             ("quoted-printable", b"".join(b"=%02X" % byte for byte in raw)),
             ("percent", b"".join(b"%%%02X" % byte for byte in raw)), ("URL", urllib.parse.quote(raw).encode())]
    found += [(f"base64 at {offset}", form) for offset, form in enumerate(base64_forms(raw))]
    found += [(f"{title} for URLs", form.translate(bytes.maketrans(b"+/", b"-_"))) for title, form in found if title.startswith("base64")]
    if isinstance(what, str):
        found += [("JSON", json.dumps(what, ensure_ascii=False)[1:-1].encode()), ("UTF-16LE", what.encode("utf-16-le")),
                  ("UTF-16BE", what.encode("utf-16-be")), ("UTF-32LE", what.encode("utf-32-le"))]
        for name in ("utf-16-le", "utf-16-be"):
            found += [(f"base64 of {name} at {offset}", form) for offset, form in enumerate(base64_forms(what.encode(name)))]
    return found


def unescaped(data):
    """The bytes with each \\uXXXX, however many backslashes it has, read as the character that it stands for."""
    return re.sub(rb"\\+u([0-9a-fA-F]{4})", lambda digits: chr(int(digits[1], 16)).encode("utf-8", "surrogatepass"), data)


def views(data):
    """The bytes as they are, and as they are read by those who drop soft breaks, line ends, white space, escapes."""
    lines = data.replace(b"\\r", b"").replace(b"\\n", b"")
    return {data, data.replace(b"=\r\n", b"").replace(b"=\n", b""), b"".join(lines.split()), unescaped(data)}


def find(data, markers):
    """The texts (or bytes) that `data` holds: [(marker, form)]. Soft breaks, line ends within base64, \\uXXXX and the case
    of letters hide nothing."""
    exact = views(data)
    folded = {view.lower() for view in exact}
    # Base64 in another case is no base64 any more.
    return [(what, title) for what in markers for title, form in forms(what)
            if any(form in view for view in exact) or "base64" not in title and any(form.lower() in view for view in folded)]


def find_in_files(folder, markers):
    """The same for all files below a folder, their names included: [(path, marker, form)]."""
    found = []
    for path in Path(folder).rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        found += [(path, *one) for one in find(bytes(path.name, "utf-8") + b"\n" + data, markers)]
    return found


class RecordingProxy:
    """Forwards TCP from a port of its own to `target` (on loopback) and keeps every byte of both directions."""

    def __init__(self, target):
        self.target = target
        self.streams, self._sockets = [], []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                kept = bytearray()
                self.streams.append(kept)
                threading.Thread(target=self._pump, args=(source, sink, kept), daemon=True).start()

    @staticmethod
    def _pump(source, sink, kept):
        try:
            while data := source.recv(65536):
                kept += data
                sink.sendall(data)
        except OSError:
            pass  # the other side hung up; so shall this one
        finally:
            try:
                sink.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def recorded(self):
        """All streams, one behind the other."""
        return b"\n".join(bytes(one) for one in self.streams)

    def close(self):
        self._listener.close()
        for one in self._sockets:
            one.close()
