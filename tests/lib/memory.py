"""What is left of a message in the memory of a process, seen from outside."""

import base64
import re
import secrets

# The sanitizers' shadow is larger than any heap, holds no contents, and cannot be read in any time.
LARGEST = 4 << 30


def writable(pid):
    """The bytes of each piece of memory that the process can write to: heap, stacks, data; freed or not."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            bounds, rights = line.split()[:2]
            start, end = (int(number, 16) for number in bounds.split("-"))
            if not rights.startswith("rw") or end - start > LARGEST:
                continue
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:
                pass  # the kernel's own, such as [vvar]; or it was unmapped in the meantime


class Tokens:
    """A text of numbered tokens that nothing else contains; half of it in base64. Each is found by itself."""

    SIZE, SIZE_BASE64 = 21, 28

    def __init__(self, size):
        self.magic = secrets.token_hex(6).encode()
        self.count = 0
        self.plain = b"".join(self.next() + self.next() + self.next() + b"\r\n" for _ in range(size // 2 // 65))
        # 57 bytes are one line of base64, in which each token begins a group.
        lines = (self.next() + self.next() + b"-" * 15 for _ in range(size // 2 // 78))
        self.base64 = b"".join(base64.b64encode(line) + b"\r\n" for line in lines)

    def next(self):
        self.count += 1
        return self.magic + b"%09d" % self.count

    def left_in(self, pid):
        """(tokens, bytes): how many different ones the process holds, and how much text they are."""
        plain, encoded = set(), set()
        for data in writable(pid):
            plain.update(re.findall(self.magic + rb"\d{9}", data))
            encoded.update(re.findall(re.escape(base64.b64encode(self.magic)) + rb"[A-Za-z0-9+/]{12}", data))
        return len(plain) + len(encoded), self.SIZE * len(plain) + self.SIZE_BASE64 * len(encoded)
