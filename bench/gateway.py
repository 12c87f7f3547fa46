#!/usr/bin/env python3
"""How many messages a second the gateway takes in, and how many go through it.

usage: ./dev bench gateway        (or: bench/gateway.py [--build DIR] [--reps N] [--connections N])

"taken in": from MAIL to a durable 250, with key server and next hop switched off, so that sealing and queue are what is
measured. "through": until the last mail has arrived, sealed or passed, with a key server and a next hop that only count.
Load, key server and next hop run on the same cores and are written in Python: what is left for the gateway is less than
the machine has. Prints medians with their spread.
"""
import argparse
import base64
import json
import multiprocessing
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RECIPIENT = {"sealed": "bob@partner.example", "passed": "bob@x.example"}
RELEASE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def message(size):
    """A letter with an attachment that fills it up to about `size` bytes."""
    head = ("From: Ann <ann@acme.example>\r\nTo: bob@x.example\r\nSubject: Figures\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\n'
            'Content-Type: application/octet-stream; name="a.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n').encode()
    data = random.Random(1).randbytes((size - len(head)) * 57 // 78)
    return head + base64.encodebytes(data).replace(b"\n", b"\r\n") + b"--b--\r\n"


def converse(port, recipient, data, count, done):
    """Sends messages on one connection until `count` have been taken by all of us; each is pipelined up to DATA."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        lines = connection.makefile("rb")

        def reply():
            while (line := lines.readline())[3:4] == b"-":
                pass
            return line

        reply()
        connection.sendall(b"EHLO bench.example\r\n")
        reply()
        command = f"MAIL FROM:<ann@acme.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
        while True:
            with done.get_lock():
                if done.value >= count:
                    return
                done.value += 1
            connection.sendall(command)
            replies = [reply(), reply(), reply()]
            connection.sendall(data + b".\r\n")
            if not (replies[2].startswith(b"354") and reply().startswith(b"250")):
                raise SystemExit(f"the gateway refused: {replies}")


def load(port, recipient, data, count, connections):
    """Seconds until `count` messages have been taken over so many connections."""
    done = multiprocessing.Value("i", 0)

    def work(share):
        threads = [threading.Thread(target=converse, args=(port, recipient, data, count, done)) for _ in range(share)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    processes = [multiprocessing.Process(target=work, args=(connections // 2,)) for _ in range(2)]
    start = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - start


def sink(listener, count):
    """A next hop that takes everything and counts it."""
    def session(connection):
        buffer, in_data = b"", False
        connection.sendall(b"220 sink\r\n")
        while piece := connection.recv(1 << 18):
            buffer = (buffer[-4:] if in_data else buffer) + piece
            while True:
                if in_data:
                    end = buffer.find(b"\r\n.\r\n")
                    if end < 0:
                        break
                    buffer, in_data = buffer[end + 5:], False
                    with count.get_lock():
                        count.value += 1
                    connection.sendall(b"250 ok\r\n")
                    continue
                line, found, rest = buffer.partition(b"\r\n")
                if not found:
                    break
                buffer = rest
                verb = line[:4].upper()
                in_data = verb == b"DATA"
                connection.sendall({b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n"))

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=session, args=(connection,), daemon=True).start()


def key_server(port):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"release_key": {"id": "k", "recipient": RELEASE}, "keys": {}}
            if self.path == "/v1/envelopes":
                answer = {"results": [{"id": one["id"], "recipients": [{"address": to["address"], "status": "registered"} for to in one["recipients"]]}
                                      for one in body["envelopes"]]}
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, options, through):
        self.folder = tempfile.mkdtemp(dir=options.build)
        self.port, key_port = free_port(), free_port()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.count = multiprocessing.Value("i", 0)
        self.helpers = []
        if through:
            self.helpers = [multiprocessing.Process(target=sink, args=(self.listener, self.count), daemon=True),
                            multiprocessing.Process(target=key_server, args=(key_port,), daemon=True)]
        hop = self.listener.getsockname()[1] if through else free_port()
        config = os.path.join(self.folder, "gateway.toml")
        with open(config, "w") as file:
            file.write(f'[gateway]\nhostname = "gateway.example"\nstate = "{self.folder}/state"\nkeys = "{self.folder}/keys"\nlog_level = "warn"\n'
                       f'[smtp]\nlisten = "127.0.0.1:{self.port}"\n[next_hop]\naddress = "127.0.0.1:{hop}"\ntls = "none"\n'
                       f'[key_server]\nurl = "http://127.0.0.1:{key_port}"\ntoken_file = "{self.folder}/keys/token"\n'
                       '[organisation]\nid = "acme"\ndomains = ["acme.example"]\n[policy]\nrecipient_domains = ["partner.example"]\n'
                       '[queue]\nretry_first = "1h"\nretry_max = "1h"\n')
        for helper in self.helpers:
            helper.start()
        time.sleep(0.5)
        with open(os.path.join(self.folder, "log"), "w") as log:
            self.gateway = subprocess.Popen([os.path.join(options.build, "bin", "bulla-gateway"), "--config", config], stderr=log)
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)

    def close(self):
        self.gateway.kill()
        self.gateway.wait()
        for helper in self.helpers:
            helper.kill()
            helper.join()
        self.listener.close()
        shutil.rmtree(self.folder)


def measure(options, kind, data, count, through):
    bench = Bench(options, through)
    try:
        start = time.perf_counter()
        seconds = load(bench.port, RECIPIENT[kind], data, count, options.connections)
        while through and bench.count.value < count:
            time.sleep(0.01)
            if time.perf_counter() - start > 300:
                raise SystemExit(f"only {bench.count.value} of {count} came through")
            seconds = time.perf_counter() - start
        return count / seconds
    finally:
        bench.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--scale", type=float, default=1, help="of the number of messages")
    options = parser.parse_args()
    print(f"{'messages a second':24}{'taken in':>20}{'through':>20}")
    for title, size, count in (("4 kB", 4_096, 2000), ("100 kB", 102_400, 600)):
        data = message(size)
        for kind in ("sealed", "passed"):
            cells = []
            for through in (False, True):
                figures = [measure(options, kind, data, int(count * options.scale), through) for _ in range(options.reps)]
                middle = statistics.median(figures)
                cells.append(f"{middle:.0f} ±{100 * (max(figures) - min(figures)) / 2 / middle:.0f} %")
            print(f"{f'{title}, {kind}':24}{cells[0]:>20}{cells[1]:>20}", flush=True)


if __name__ == "__main__":
    main()
