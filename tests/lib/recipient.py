"""A recipient with the `bulla` client: registers, opens, and looks, with a home folder of his own."""

import json
import os
import re
import subprocess
import time
import email
import email.policy
from pathlib import Path

from tests.lib.stack import BIN


class Refused(Exception):
    """The client ended with an error; its text is what a person would have read."""


def mails_for(folder, address):
    """The mails in a mailbox folder that were delivered to this address, oldest first: (number, path)."""
    found = []
    for path in Path(folder).glob("*.json"):
        if address in json.loads(path.read_text())["recipients"]:
            found.append((int(path.stem), path.with_suffix(".eml")))
    return sorted(found)


def read_mail(path):
    return email.message_from_bytes(Path(path).read_bytes(), policy=email.policy.default)


def is_envelope(path):
    return b"secure-message.html" in Path(path).read_bytes()


def wait_for(what, find, seconds=60):
    """Asks `find` until it gives something true and returns that; raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds} s")
        time.sleep(0.05)
    return found


class Recipient:
    def __init__(self, home, address, mails, server, password="correct horse battery staple"):
        self.home = Path(home) / re.sub(r"[^a-z0-9]", "-", address)
        self.home.mkdir(parents=True, exist_ok=True)
        self.address, self.mails, self.server = address, mails, server
        self.password = password

    def client(self, *arguments, stdin=None):
        environment = {**os.environ, "XDG_CONFIG_HOME": str(self.home), "HOME": str(self.home)}
        return subprocess.Popen([BIN / "bulla", *map(str, arguments)], stdin=subprocess.PIPE if stdin is None else stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)

    def password_file(self, password=None):
        path = self.home / "password"
        path.write_text((password or self.password) + "\n")
        path.chmod(0o600)
        return path

    def codes(self):
        found = []
        for _, path in mails_for(self.mails, self.address):
            mail = read_mail(path)
            body = mail.get_body(("plain",))
            if mail["Auto-Submitted"] == "auto-generated" and body:
                found += [a + b for a, b in re.findall(r"\b(\d{4}) ?(\d{4})\b", body.get_content())][:1]
        return found

    def register(self):
        """Asks for a code, takes it from the mailbox, and chooses the password."""
        before = len(self.codes())
        process = self.client("register", self.address, "--server", self.server, "--code-file", "-",
                              "--password-file", self.password_file())
        code = wait_for(f"the code for {self.address}", lambda: self.codes()[before:])[0]
        out, error = process.communicate(code.encode() + b"\n", timeout=60)
        if process.returncode:
            raise Refused(error.decode())
        return out.decode()

    def open(self, file, password=None, folder=None):
        """Opens an envelope (.eml, .html, .age) and returns the original mail's bytes; attachments go into `folder`."""
        out = self.home / "opened.eml"
        out.unlink(missing_ok=True)
        arguments = ["open", file, "--out", out, "--server", self.server, "--address", self.address,
                     "--password-file", self.password_file(password)]
        if folder:
            arguments += ["--attachments", folder]
        process = self.client(*arguments, stdin=subprocess.DEVNULL)
        _, error = process.communicate(timeout=120)
        if process.returncode:
            assert not out.exists(), "a failed opening left a file under its final name"
            raise Refused(error.decode())
        return out.read_bytes()

    def wait_envelopes(self, count=1, seconds=60):
        """The paths of this address's envelope mails, once there are so many."""
        def enough():
            found = [path for _, path in mails_for(self.mails, self.address) if is_envelope(path)]
            return found if len(found) >= count else None

        return wait_for(f"{count} envelopes for {self.address}", enough, seconds)
