"""strace on a running process: what it asked of the kernel, seen from outside."""

import subprocess


class Strace:
    """Watches a process and all its threads from now on. end() gives the lines that strace wrote."""

    def __init__(self, pid, file, calls, *options):
        self.file = file
        command = ["strace", "-f", "-y", *options, "-e", f"trace={calls}", "-o", file, "-p", str(pid)]
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
