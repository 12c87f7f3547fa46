"""A key server that only knows what a gateway asks, and misbehaves on request."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def age_pair():
    """A fresh age identity and its recipient, made by the stock program."""
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout.split()
    return made[-1], next(word for word in made if word.startswith("age1"))


def age_key():
    """The recipient of a fresh age identity."""
    return age_pair()[1]


class FakeKeyServer:
    """Listens on loopback until close(). Everything that was registered stands in `registered` as (envelope, recipient).

    answer(path, body) may return (status, object or bytes) to be sent instead of the usual answer, or "close" to hang
    up; None leaves the usual one. status_of(envelope, recipient) chooses a recipient's status.
    """

    def __init__(self, token=None, answer=None, status_of=None, keys=None):
        self.release_identity, recipient = age_pair()
        self.release = ("release-1", recipient)
        self.keys = keys or {}
        self.token = token
        self.answer = answer or (lambda path, body: None)
        self.status_of = status_of or (lambda envelope, recipient: "registered")
        self.requests, self.registered = [], []
        self._lock = threading.Lock()
        self.port = 0
        self.start()

    def start(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = fake.respond(self.path, body, self.headers.get("Authorization"))
                if answer == "close":
                    self.close_connection = True
                    return
                status, value = answer
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a gateway that was killed is part of what this plays

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def respond(self, path, body, authorization):
        with self._lock:
            self.requests.append((path, body))
            if (scripted := self.answer(path, body)) is not None:
                return scripted
            if self.token is not None and authorization != f"Bearer {self.token()}":
                return 401, {"error": {"code": "gateway-token", "message": "This token is not known."}}
            if path == "/v1/directory":
                keys = {address: self.keys[address] for address in body["addresses"] if address in self.keys}
                return 200, {"time": "2026-01-01T00:00:00.000Z",
                             "release_key": {"id": self.release[0], "recipient": self.release[1]}, "keys": keys}
            if path == "/v1/envelopes":
                return 200, {"time": "2026-01-01T00:00:00.000Z", "results": [self._take(one) for one in body["envelopes"]]}
            return 404, {"error": {"code": "not-found", "message": "no such route"}}

    def _take(self, envelope):
        out = []
        for recipient in envelope["recipients"]:
            status = self.status_of(envelope, recipient)
            if status == "registered":
                self.registered.append((envelope, recipient))
            out.append({"address": recipient["address"], "status": status, "reason": "" if status == "registered" else "the test says so"})
        return {"id": envelope["id"], "recipients": out}
