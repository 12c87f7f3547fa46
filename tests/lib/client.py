"""Drives the `bulla` client, and finds the mails and codes that the mailbox of a Stack has received."""

import email
import email.policy
import json
import os
import re
import subprocess
import time
from pathlib import Path

from tests.lib.stack import BIN

PASSWORD = "correct horse battery staple"


def wait_until(condition, what, seconds=60):
    """The first true value of condition(), asked for again and again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


def mails_to(stack, address):
    """The messages that the mailbox holds for an address, oldest first: (path, parsed message)."""
    found = []
    for path in sorted(stack.mails.glob("*.json"), key=lambda one: int(one.stem)):
        if address in json.loads(path.read_text())["recipients"]:
            eml = path.with_suffix(".eml")
            found.append((eml, email.message_from_bytes(eml.read_bytes(), policy=email.policy.default)))
    return found


def envelopes_to(stack, address):
    """Those of them that carry an envelope: (path of the mail, bytes of the HTML file)."""
    found = []
    for path, message in mails_to(stack, address):
        for part in message.iter_attachments():
            if part.get_content_type() == "text/html":
                found.append((path, part.get_payload(decode=True)))
    return found


def codes_to(stack, address):
    """The activation codes that were mailed to an address, oldest first."""
    codes = []
    for _, message in mails_to(stack, address):
        body = message.get_body(("plain",))
        if message["Auto-Submitted"] == "auto-generated" and body:
            if match := re.search(r"\b(\d{4})[ -]?(\d{4})\b", body.get_content()):
                codes.append(match[1] + match[2])
    return codes


class Client:
    """One user's `bulla`, with a configuration folder of its own."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def environment(self):
        return os.environ | {"XDG_CONFIG_HOME": str(self.folder / "config")}

    def start(self, *arguments):
        return subprocess.Popen([BIN / "bulla", *map(str, arguments)], env=self.environment(), cwd=self.folder,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *arguments, stdin=""):
        """The finished process; stdout and stderr are bytes."""
        return subprocess.run([BIN / "bulla", *map(str, arguments)], env=self.environment(), cwd=self.folder,
                              input=stdin.encode(), capture_output=True, timeout=120, check=False)

    def register(self, stack, address, password=PASSWORD):
        """Registers with the code that comes by mail; the finished process."""
        before = len(codes_to(stack, address))
        process = self.start("register", address, "--server", stack.origin, "--code-file", "-", "--password-file", "-")
        try:
            code = wait_until(lambda: codes_to(stack, address)[before:], f"a code for {address}")[0]
        except AssertionError as error:
            process.kill()
            raise AssertionError(f"{error}; the client said: {process.communicate()[1].decode()}") from None
        out, err = process.communicate(f"{code}\n{password}\n".encode(), timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)
