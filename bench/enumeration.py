#!/usr/bin/env python3
"""Whether the key server's answering time tells a registered address, one that somebody has written to, and a stranger's.

usage: ./dev bench enumeration    (or: bench/enumeration.py [--build DIR] [--rounds N])

Each round asks every question about one address of each kind, in an order drawn anew, on one connection. The figure in
brackets is the probability that an answer about that kind takes longer than one about a stranger: 0.50 where nothing is
told. The noise is the same between two strangers. The last row asks while the mail with the code, which strangers do not
get, may be on its way: that it costs the machine something can be seen by whoever is near enough, five times an hour.
"""
import argparse
import base64
import http.client
import json
import os
import random
import secrets
import smtplib
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

KINDS = {
    "registered": "bob@partner.example",
    "listed": "dan@partner.example",
    "stranger": "eva@partner.example",
    "another": "fay@partner.example",
}
WARM = 20  # rounds that do not count
MAIL_TAKES = 0.06  # seconds, so that it is not charged to the next question
# A valid ristretto255 element: the base point (RFC 9496 appendix A.1).
POINT = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Asker:
    """One connection to the key server, and the questions that anybody can ask."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.connection.connect()

    def ask(self, path, body):
        """(seconds, what was answered)"""
        data = json.dumps(body).encode()
        start = time.perf_counter()
        self.connection.request("POST", path, data, {"Content-Type": "application/json"})
        answer = self.connection.getresponse().read()
        return time.perf_counter() - start, json.loads(answer)

    def sign_in(self, address):
        ke1 = text(POINT + secrets.token_bytes(32) + POINT)
        return self.ask("/v1/session/start", {"address": address, "message": ke1})

    def round(self, address):
        """{question: seconds}"""
        out = {}
        out["a sign-in is begun"], answer = self.sign_in(address)
        wrong = {"login": answer["login"], "message": text(bytes(64))}
        out["a password is guessed"], _ = self.ask("/v1/session/finish", wrong)
        out["a code is asked for"], answer = self.ask("/v1/codes", {"address": address})
        out["a sign-in meanwhile"], _ = self.sign_in(address)
        time.sleep(MAIL_TAKES)
        wrong = {"request": answer["request"], "code": "00000000"}
        out["a code is guessed"], _ = self.ask("/v1/codes/verify", wrong)
        return out


def chance(times, others):
    """The probability that one of `times` is longer than one of `others` (Mann and Whitney's U, as a share)."""
    ranked = sorted([(value, True) for value in times] + [(value, False) for value in others])
    below = won = 0
    for _, mine in ranked:
        if mine:
            won += below
        else:
            below += 1
    return won / (len(times) * len(others))


def measure(stack, rounds):
    """{question: {kind: [seconds]}}"""
    asker, out = Asker(stack.ports["keyserver"]), {}
    chosen = random.Random(1)
    for number in range(WARM + rounds):
        for kind, address in chosen.sample(sorted(KINDS.items()), len(KINDS)):
            for question, seconds in asker.round(address).items():
                if number >= WARM:
                    out.setdefault(question, {}).setdefault(kind, []).append(seconds)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build" / "release"), help="build folder with bin/")
    parser.add_argument("--rounds", type=int, default=500)
    options = parser.parse_args()
    os.environ["BULLA_BIN"] = str(Path(options.build) / "bin")
    sys.path.insert(0, str(ROOT))
    from tests.lib.recipient import Recipient
    from tests.lib.stack import Stack

    with tempfile.TemporaryDirectory() as folder:
        with Stack(Path(folder) / "stack", keyserver_extra="[limits]\nfactor = 1000000\n") as stack:
            bob = Recipient(Path(folder) / "bob", KINDS["registered"], stack.mails, stack.origin)
            with smtplib.SMTP("127.0.0.1", stack.ports["gateway"]) as client:
                to = [KINDS["registered"], KINDS["listed"]]
                client.sendmail("ann@acme.example", to, b"From: ann@acme.example\r\nTo: bob@partner.example\r\n\r\nHello\r\n")
            bob.wait_envelopes()
            bob.register()
            times = measure(stack, options.rounds)
    print(f"{options.rounds} rounds; milliseconds, medians; chance that the answer takes longer than a stranger's")
    print(f"{'':22}{'registered':>18}{'listed':>18}{'stranger':>10}{'noise':>8}")
    last = "a sign-in meanwhile"
    for question, kinds in sorted(times.items(), key=lambda item: item[0] == last):
        cells = ""
        for kind in ("registered", "listed"):
            cells += f"{statistics.median(kinds[kind]) * 1000:10.3f}  ({chance(kinds[kind], kinds['stranger']):.2f})"
        noise = chance(kinds["another"], kinds["stranger"])
        print(f"{question:22}{cells}{statistics.median(kinds['stranger']) * 1000:10.3f}{noise:8.2f}")


if __name__ == "__main__":
    main()
