"""Runs a command on a pseudo-terminal: its output goes to standard output, and standard input says what happens to it.

A line of JSON each. {"type": "keys"} types. {"columns": 40, "rows": 20} stops the command, so that its window can be
resized between two of its frames and not within one, and says so by a line on standard error; {"go": true} tells it of
the size and lets it go on. Ends with the command's exit code.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def show(fd):
    """Passes on what there is; whether there may be more."""
    try:
        data = os.read(fd, 65536)
    except OSError:
        return False
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    return data != b""


columns, rows, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    resize(0, int(columns), int(rows))
    os.execvp(command[0], command)

pending = b""
sources = [terminal, 0]
wanted = {}
while True:
    ready, _, _ = select.select(sources, [], [])
    if terminal in ready and not show(terminal):
        break
    if 0 not in ready:
        continue
    data = os.read(0, 65536)
    if not data:
        sources.remove(0)
    *lines, pending = (pending + data).split(b"\n")
    for order in map(json.loads, lines):
        if "type" in order:
            os.write(terminal, order["type"].encode())
        elif "go" in order:
            resize(terminal, **wanted)
            os.kill(pid, signal.SIGCONT)
        else:
            wanted = order
            os.kill(pid, signal.SIGSTOP)
            while select.select([terminal], [], [], 0.1)[0] and show(terminal):
                pass
            os.write(2, b"stopped\n")  # at once: an unbuffered print writes a line and its end apart

_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
