#!/usr/bin/env python3
"""The demo: a key server, a gateway and a mailbox on this machine, and a first sealed letter on its way."""

import argparse
import contextlib
import email
import email.policy
import json
import re
import signal
import smtplib
import sqlite3
import sys
import time
from email.utils import parseaddr
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from demo import sample  # noqa: E402
from tests.lib.stack import NAMES, Stack, free_port, is_free  # noqa: E402

BOB = parseaddr(sample.RECIPIENT)[1]
WANTED = {"mailbox_http": 8025, "mailbox_smtp": 8026, "keyserver": 8443, "gateway": 2525}

HELP = f"""
It listens on loopback only, at these ports, or at free ones if they are taken at the first run:
  {WANTED['mailbox_http']}  the mailbox, for a browser
  {WANTED['mailbox_smtp']}  the mailbox, where the gateway delivers
  {WANTED['keyserver']}  the key server and its portal
  {WANTED['gateway']}  the gateway, where mail is handed in

A later run with the same folder goes on from there, with the same ports: envelopes name the key server's. They stand
in FOLDER/ports.json. To start afresh, take another folder, or delete it. Ctrl-C ends the demo.
"""


def choose_ports(state):
    """The ports of the last run (envelopes name the key server's), else the usual ones, else free ones."""
    kept = state / "ports.json"
    before = json.loads(kept.read_text()) if kept.exists() else WANTED
    busy = [name for name, port in before.items() if not is_free(port)]
    if kept.exists() and busy:
        sys.exit(f"The demo's port {before[busy[0]]} ({busy[0]}) is in use: perhaps the demo runs already?\n"
                 f"Stop that program, or start afresh with another folder: ./dev run --state FOLDER")
    ports = {name: free_port() if name in busy else port for name, port in before.items()}
    kept.write_text(json.dumps(ports))
    return ports


def codes(folder, seen):
    """The activation codes in mails that have come since the last call: (address, code)."""
    for path in sorted(folder.glob("*.json"), key=lambda one: int(one.stem)):
        if path in seen:
            continue
        seen.add(path)
        message = email.message_from_bytes(path.with_suffix(".eml").read_bytes(), policy=email.policy.default)
        if message["Auto-Submitted"] == "auto-generated" and (body := message.get_body(("plain",))):
            if found := re.search(r"\b(\d{4}) ?(\d{4})\b", body.get_content()):
                yield json.loads(path.read_text())["recipients"][0], found[1] + found[2]


def is_registered(stack, address):
    """Whether an address has an account at the key server."""
    database = stack.state / "keyserver" / "keys.sqlite"
    if not database.exists():
        return False
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT 1 FROM accounts WHERE address = ?", (address,)).fetchone() is not None


def main():
    parser = argparse.ArgumentParser(prog="./dev run", description=__doc__, epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, default=ROOT / "build" / "demo", metavar="FOLDER",
                        help="folder that keeps everything: mails, keys, accounts, logs (default: build/demo)")
    options = parser.parse_args()
    options.state.mkdir(parents=True, exist_ok=True)
    stack = Stack(options.state, choose_ports(options.state), retry="2s")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    seen = set(stack.mails.glob("*.json"))
    try:
        stack.start_all()
        with smtplib.SMTP("127.0.0.1", stack.ports["gateway"]) as gateway:
            gateway.send_message(sample.letter())
        known = is_registered(stack, BOB)
        account = (f"Sign in      in the window that opens, as {BOB}, who is registered, with the password of then" if known else
                   f"Register     in the window that opens, as {BOB}; the code comes to the same mailbox, and here")
        mailbox = f"http://127.0.0.1:{stack.ports['mailbox_http']}/"
        print(f"""
Bulla is running, and a sealed letter from ann@acme.example to {BOB} is on its way.

  Read it      {mailbox}   open the newest mail, save its attachment "secure-message.html",
               and open that file from your disk (file://...): that is the real way; "Open here" is a short cut
  {account}
  Write one    swaks --server 127.0.0.1:{stack.ports['gateway']} --from ann@acme.example --to you@example.org \\
                     --header 'Subject: [secure] Hello' --body 'Only for you.' --attach-name README.md --attach @README.md

  Key server   {stack.origin}/
  State, logs  {stack.state}

Ctrl-C stops it; ./dev run goes on from there.
""", flush=True)
        while True:
            for address, code in codes(stack.mails, seen):
                print(f"  Activation code for {address}: {code}", flush=True)
            for name in NAMES:
                if stack.processes[name].poll() is not None:
                    sys.exit(f"{name} has ended by itself; its log: {stack.state / name}.log")
            time.sleep(0.3)
    except KeyboardInterrupt:
        print("\nStopping.")
    except RuntimeError as error:
        sys.exit(f"The demo could not start: {error}")
    finally:
        stack.stop_all()


if __name__ == "__main__":
    main()
