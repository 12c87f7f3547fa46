"""The real gateway between a fake key server and a mail sink, on loopback."""

import json
import os
import re
import signal
import smtplib
import subprocess
import tempfile
from pathlib import Path

from tests.lib.fake_key_server import FakeKeyServer
from tests.lib.recipient import wait_for
from tests.lib.smtp_sink import SmtpSink
from tests.lib.stack import BIN, check_end, free_port, is_free

MARKER = b"MARKER-b7c1"


def mail(subject="[secure] Figures", to="bob@partner.example", sender="ann@acme.example", body=MARKER, extra=""):
    """A small mail as bytes; the marker stands in the body unless another is given."""
    head = f"From: Ann <{sender}>\r\nTo: {to}\r\nSubject: {subject}\r\n{extra}"
    return head.encode() + b"\r\n" + body + b"\r\n"


class Gateway:
    """Starts the gateway under a temporary folder; `changes` replaces lines of the configuration by their key."""

    def __init__(self, sink=None, key_server=None, changes=None):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.sink = sink or SmtpSink()
        self.keys = key_server or FakeKeyServer()
        self.port = free_port()
        self.process = None
        self.environment = dict(os.environ)
        self.prefix = []  # what start() puts before the program: it must become the program, so that its pid is the gateway's
        self.config = self.path / "gateway.toml"
        self.configure(changes or {})

    def configure(self, changes):
        lines = f"""[gateway]
hostname = "gateway.acme.example"
state = "{self.path}/state"
keys = "{self.path}/keys"
log_level = "debug"
[smtp]
listen = "127.0.0.1:{self.port}"
allow = ["127.0.0.0/8"]
max_size = "1MB"
max_memory = "512MiB"
[next_hop]
address = "127.0.0.1:{self.sink.port}"
tls = "none"
[key_server]
url = "{self.keys.url}"
token_file = "{self.path}/keys/key-server.token"
[organisation]
id = "acme"
name = "Acme Ltd"
domains = ["acme.example"]
[policy]
seal = "matching"
recipient_domains = ["partner.example"]
[envelope]
subject = "keep"
[queue]
retry_first = "100ms"
retry_max = "300ms"
expires = "1d"
reserve = "1MB"
""".splitlines()
        # `expires` is written as it stands under [queue].
        self.config.write_text("\n".join(f"{key} = {changes[key]}" if (key := line.split(" = ")[0]) in changes else line for line in lines) + "\n")

    @property
    def log_file(self):
        return self.path / "gateway.log"

    def start(self):
        wait_for("the port", lambda: is_free(self.port))
        before = self.count("smtp.listening")
        self.began = len(self.log())
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([*self.prefix, "setpriv", "--pdeathsig", "KILL", BIN / "bulla-gateway", "--config", self.config],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment)
        wait_for("the gateway", lambda: self.count("smtp.listening") > before or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError(self.log())
        return self

    def end(self, number):
        """Ends it by a signal; raises RuntimeError when it had ended before, or does not end well."""
        process, self.process = self.process, None
        if process.poll() is not None:
            raise RuntimeError(f"the gateway had ended by itself, with {process.returncode}:\n{self.log()[-4000:]}")
        process.send_signal(number)
        code = process.wait(60)
        check_end("the gateway", code, self.log()[self.began:], number == signal.SIGKILL)
        return code

    def stop(self):
        return self.end(signal.SIGTERM)

    def kill(self):
        return self.end(signal.SIGKILL)

    def close(self):
        try:
            if self.process:
                self.stop()
        finally:
            self.sink.close()
            self.keys.close()
            self.folder.cleanup()

    def send(self, data, to=("bob@partner.example",), sender="ann@acme.example"):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            return client.sendmail(sender, list(to), data)

    def log(self):
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    def events(self, name):
        return [line for line in map(json.loads, self.log().splitlines()) if line["event"] == name]

    def count(self, name):
        return self.log().count(f'"event":"{name}"')

    def wait_event(self, name, count=1):
        return wait_for(f"{count} x {name}", lambda: (found := self.events(name))[count - 1:] and found)

    @property
    def queue_folder(self):
        return self.path / "state" / "queue"

    def queued(self):
        """Names of what lies in the queue."""
        return sorted(path.name for path in self.queue_folder.iterdir() if path.name != "lock")

    def wait_empty(self, seconds=60):
        wait_for("an empty queue", lambda: not self.queued() or None, seconds)


def block(data, name):
    """The text of a block of the envelope in a mail, without line ends."""
    found = re.findall(rb'<script type="[^"]*" id="bulla-' + name.encode() + rb'">(.*?)</script>', data, re.DOTALL)
    assert len(found) == 1, f"{len(found)} blocks {name}"
    return b"".join(found[0].split())
