"""A whole Bulla on loopback: mailbox, key server and gateway, with keys and configuration made on the way.

Used by the demo, by the tests of whole programs, and (through `python3 -m tests.lib.stack`) by the browser tests:
that prints one JSON line with the addresses, then obeys lines on its standard input, each answered by one JSON line:
`kill NAME`, `stop NAME`, `start NAME`, `log NAME`; it ends, with all that it started, when the input ends.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("BULLA_BIN", ROOT / "build" / "release" / "bin"))
NAMES = ("mailbox", "keyserver", "gateway")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def check_end(name, code, log, killed):
    """Raises RuntimeError when a program of ours did not end well: by its exit code, or by what a sanitizer wrote."""
    report = re.search(r"Sanitizer:|runtime error:|WARNING: \w+Sanitizer|: internal error: ", log)
    if report or (code != 0 and not killed):
        raise RuntimeError(f"{name} ended with {code}:\n{log[report.start() if report else -4000:][:4000]}")


class Stack:
    """The programs under one folder. ports: {"mailbox_smtp", "mailbox_http", "keyserver", "gateway"}; absent ones are chosen.

    policy is TOML text for the gateway's [policy]; gateway_extra and keyserver_extra are put behind the configurations.
    """

    def __init__(self, state, ports=None, policy='seal = "matching"\nsubject_flag = "[secure]"\nrecipient_domains = ["partner.example"]',
                 organisation=("acme", "Acme Ltd", ["acme.example"]), gateway_extra="", keyserver_extra="", retry="1s"):
        self.state = Path(state).resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.ports = {name: (ports or {}).get(name) or free_port() for name in ("mailbox_smtp", "mailbox_http", "keyserver", "gateway")}
        self.origin = f"http://localhost:{self.ports['keyserver']}"
        self.policy, self.organisation, self.retry = policy, organisation, retry
        self.gateway_extra, self.keyserver_extra = gateway_extra, keyserver_extra
        self.processes = {}

    @property
    def mails(self):
        """The folder that the mailbox keeps: N.eml and N.json."""
        return self.state / "mailbox"

    def configure(self):
        """Writes both configurations and enrols the gateway at the key server."""
        ident, name, domains = self.organisation
        self.gateway_config.write_text(f"""[gateway]
hostname = "gateway.acme.example"
state = "{self.state}/gateway"
keys = "{self.state}/gateway-keys"

[smtp]
listen = "127.0.0.1:{self.ports['gateway']}"
allow = ["127.0.0.0/8"]
max_size = "60MB"

[next_hop]
address = "127.0.0.1:{self.ports['mailbox_smtp']}"
tls = "none"

[key_server]
url = "{self.origin}"
token_file = "{self.state}/gateway-keys/key-server.token"

[organisation]
id = "{ident}"
name = "{name}"
domains = {json.dumps(domains)}

[policy]
{self.policy}

[envelope]
subject = "keep"
expires = "90d"

[queue]
retry_first = "{self.retry}"
retry_max = "5s"
expires = "1d"
{self.gateway_extra}
""")
        enrolment = subprocess.run([BIN / "bulla-gateway", "--config", self.gateway_config, "--enrolment"],
                                   check=True, capture_output=True, text=True).stdout
        self.keyserver_config.write_text(f"""[server]
listen = "127.0.0.1:{self.ports['keyserver']}"
origin = "{self.origin}"
state = "{self.state}/keyserver"
keys = "{self.state}/keyserver-keys"

[mail]
relay = "127.0.0.1:{self.ports['mailbox_smtp']}"
tls = "none"
from = "no-reply@keys.example"
{self.keyserver_extra}
{enrolment}
""")

    @property
    def gateway_config(self):
        return self.state / "gateway.toml"

    @property
    def keyserver_config(self):
        return self.state / "keyserver.toml"

    def command(self, name):
        if name == "mailbox":
            return [sys.executable, ROOT / "demo" / "mailbox.py", "--smtp", str(self.ports["mailbox_smtp"]),
                    "--http", str(self.ports["mailbox_http"]), "--state", self.mails]
        config = self.gateway_config if name == "gateway" else self.keyserver_config
        return [BIN / f"bulla-{name}", "--config", config]

    def start(self, name):
        """Starts one program and waits until it answers."""
        log = open(self.state / f"{name}.log", "ab")
        # A session of its own, so that Ctrl-C reaches us alone; and the kernel ends it if we die without stopping it.
        command = ["setpriv", "--pdeathsig", "TERM", *self.command(name)]
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()
        deadline = time.monotonic() + 30
        while not self.answers(name):
            if self.processes[name].poll() is not None:
                raise RuntimeError(f"{name} ended with {self.processes[name].returncode}:\n{self.log(name)[-2000:]}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not answer:\n{self.log(name)[-2000:]}")
            time.sleep(0.05)

    def answers(self, name):
        try:
            if name == "keyserver":
                with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['keyserver']}/v1/health", timeout=2) as answer:
                    return answer.status == 200
            port = self.ports["gateway" if name == "gateway" else "mailbox_smtp"]
            with socket.create_connection(("127.0.0.1", port), 2) as connection:
                connection.settimeout(5)
                return connection.recv(100).startswith(b"220")
        except OSError:
            return False

    def start_all(self):
        self.configure()
        for name in NAMES:
            self.start(name)

    def end(self, name, with_signal):
        process = self.processes.pop(name, None)
        if process is None:
            return
        if process.poll() is not None:
            raise RuntimeError(f"{name} had ended by itself, with {process.returncode}:\n{self.log(name)[-4000:]}")
        process.send_signal(with_signal)
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise RuntimeError(f"{name} did not stop within 30 s of signal {with_signal}") from None
        # The mailbox is a program of the demo, which just ends.
        check_end(name, code, self.log(name), with_signal == signal.SIGKILL or name == "mailbox")

    def stop(self, name):
        self.end(name, signal.SIGTERM)

    def kill(self, name):
        self.end(name, signal.SIGKILL)

    def stop_all(self):
        for name in reversed(NAMES):
            self.stop(name)

    def log(self, name):
        path = self.state / f"{name}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def addresses(self):
        return {"origin": self.origin, "state": str(self.state), "mails": str(self.mails),
                "mailbox": f"http://127.0.0.1:{self.ports['mailbox_http']}", **self.ports}

    def __enter__(self):
        self.start_all()
        return self

    def __exit__(self, *_):
        self.stop_all()


def main():
    parser = argparse.ArgumentParser(description="Runs a whole Bulla on loopback until standard input ends.")
    parser.add_argument("--state", required=True)
    parser.add_argument("--policy", default=None)
    options = parser.parse_args()
    stack = Stack(options.state, **({"policy": options.policy} if options.policy else {}))
    try:
        stack.start_all()
        print(json.dumps(stack.addresses()), flush=True)
        for line in sys.stdin:
            verb, _, name = line.strip().partition(" ")
            if verb not in ("kill", "stop", "start", "log") or name not in NAMES:
                print(json.dumps({"error": f"no such command: {line.strip()}"}), flush=True)
                continue
            try:
                print(json.dumps({"ok": True, "value": getattr(stack, verb)(name)}), flush=True)
            except RuntimeError as error:
                print(json.dumps({"error": str(error)}), flush=True)
    finally:
        stack.stop_all()


if __name__ == "__main__":
    main()
