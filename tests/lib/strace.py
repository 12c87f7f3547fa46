"""strace on a process: what it asked of the kernel, seen from outside."""

import re
import subprocess
import time


def command_of(file, calls, *options):
    return ["strace", "-f", "-y", *options, "-e", f"trace={calls}", "-o", file]


class StraceFromStart:
    """Watches a process that is started with `prefix` in front of its command, and all its threads. end() gives the lines
    when the process has ended."""

    def __init__(self, file, calls, *options):
        self.file = file
        # What looks for leaks at the end, in programs with AddressSanitizer, does not work under strace.
        self.prefix = ["env", "ASAN_OPTIONS=detect_leaks=0", *command_of(file, calls, *options), "-D"]

    def end(self, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            lines = self.file.read_text("latin-1").splitlines()
            # The main thread's end is the last line, and strace writes it after the process is gone.
            if lines and re.match(lines[0].split()[0] + r" +\+\+\+ (exited|killed)", lines[-1]):
                return lines
            if time.monotonic() > deadline:
                raise TimeoutError(f"the trace did not end within {seconds} s: {lines[-1:]}")
            time.sleep(0.05)


class Strace:
    """Watches a process and all its threads from now on. end() gives the lines that strace wrote."""

    def __init__(self, pid, file, calls, *options):
        self.file = file
        command = [*command_of(file, calls, *options), "-p", str(pid)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = b""
        while b"attached" not in said:
            line = self.process.stderr.readline()
            if not line:
                raise RuntimeError(f"strace does not run here: {said.decode()}")
            said += line

    def end(self):
        self.process.terminate()
        self.process.wait(60)
        self.process.stderr.close()
        return self.file.read_text("latin-1").splitlines()


def injected(lines, within=""):
    """The calls that strace made fail (`-e inject=`), those that name `within` only; calls that were interrupted are joined."""
    waiting, found = {}, []
    for line in lines:
        pid, call = line.split(None, 1)
        if call.endswith("<unfinished ...>"):
            waiting[pid] = call
            continue
        whole = waiting.pop(pid, "") + call if call.startswith("<...") else call
        if "(INJECTED)" in whole and within in whole:
            found.append(whole)
    return found
