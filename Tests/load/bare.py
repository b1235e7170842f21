"""Runs a server as Cadre would, and replaces it, without Cadre: to show what the server by itself does to its clients.

Usage: bare.py [--signal NAME] PORT COMMAND...

It listens on the port of 127.0.0.1 and starts the command with that socket as descriptor 3, and LISTEN_FDS and
NOTIFY_SOCKET in its environment; "ready" is printed when that says READY=1. At SIGUSR1 it starts a successor, waits until
that is ready, sends the signal to the predecessor, waits for its end, and prints "replaced". At SIGTERM it kills what
there is.
"""

import argparse
import os
import signal
import socket
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--signal", default="TERM")
parser.add_argument("port", type=int)
parser.add_argument("command", nargs=argparse.REMAINDER)
options = parser.parse_args()

signals = {signal.SIGUSR1, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
listener = socket.create_server(("127.0.0.1", options.port), backlog=4096)
directory = tempfile.TemporaryDirectory()
path = os.path.join(directory.name, "notify")
notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notifications.bind(path)


def start() -> int:
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        os.dup2(listener.fileno(), 3, inheritable=True)
        os.environ.update({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "NOTIFY_SOCKET": path})
        os.execvp(options.command[0], options.command)
    while b"READY=1" not in notifications.recv(4096):
        pass
    return child


# Descriptor 3 is the children's.
if listener.fileno() == 3:
    copy = os.dup(3)
    listener.detach()
    listener = socket.socket(fileno=copy)
server = start()
print("ready", flush=True)
while signal.sigwait(signals) == signal.SIGUSR1:
    former, server = server, start()
    os.kill(former, signal.Signals[f"SIG{options.signal}"])
    os.waitpid(former, 0)
    print("replaced", flush=True)
os.kill(server, signal.SIGKILL)
os.waitpid(server, 0)
