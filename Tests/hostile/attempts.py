"""A worker that tries to get out, up and over to others, and says what came of each attempt.

It prints a line "ATTEMPT: OUTCOME" each, where the outcome is the name of an error, or what it says itself, and in the
end "done". Each attempt is made by a process of its own, so that what one of them uses up doesn't help the next.
SETUID_ID in the environment is a copy of id(1) that has the set-user-ID bit of root.
"""

import ctypes
import errno
import glob
import os
import resource
import signal
import socket
import struct
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)
attempts = []


def attempt(title):
    def add(function):
        attempts.append((title, function))
        return function

    return add


def call(function, *arguments):
    """Calls a function of the C library."""
    ctypes.set_errno(0)
    result = function(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), "")
    return result


def cgroup(process="self"):
    with open(f"/proc/{process}/cgroup") as file:
        return next(line.strip()[3:] for line in file if line.startswith("0::"))


def processes_in(end):
    found = []
    for directory in glob.glob("/proc/[0-9]*"):
        try:
            if end in cgroup(directory[6:]) + "/":
                found.append(int(directory[6:]))
        except (OSError, StopIteration):
            pass
    return found


own = "/sys/fs/cgroup" + cgroup()
root = os.path.dirname(os.path.dirname(own))
supervisor = next(iter(processes_in("/supervisor/")), 0)
keeper = next(iter(processes_in("/keeper/")), 0)
victim = next(iter(processes_in("/victim/")), 0)


def write(path, text):
    # Without O_CREAT, which gets another error.
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())


def notify(*messages, descriptors=(), path=os.environ.get("NOTIFY_SOCKET")):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + path[1:] if path.startswith("@") else path)
        for message in messages:
            if descriptors:
                socket.send_fds(channel, [message], descriptors)
            else:
                channel.send(message)


# Its cgroup.


@attempt("raise its memory.max")
def _():
    write(f"{own}/memory.max", "max")


@attempt("raise its pids.max")
def _():
    write(f"{own}/pids.max", "max")


@attempt("raise the cpu.max of its service")
def _():
    write(f"{os.path.dirname(own)}/cpu.max", "max")


@attempt("leave its cgroup for the supervisor's")
def _():
    write(f"{root}/supervisor/cgroup.procs", str(os.getpid()))


@attempt("leave its cgroup for the root of the hierarchy")
def _():
    write("/sys/fs/cgroup/cgroup.procs", str(os.getpid()))


@attempt("make a cgroup below its own")
def _():
    os.mkdir(f"{own}/hidden")


@attempt("kill the cgroup of a sibling")
def _():
    write(f"{glob.glob(f'{root}/victim/*@*')[0]}/cgroup.kill", "1")


@attempt("forge an attribute of its cgroup")
def _():
    os.setxattr(own, "user.cadre.leader", b"1")


# Other processes.


@attempt("signal the supervisor")
def _():
    os.kill(supervisor, signal.SIGTERM)


@attempt("signal the keeper")
def _():
    os.kill(keeper, signal.SIGKILL)


@attempt("signal a sibling of another user")
def _():
    os.kill(victim, signal.SIGKILL)


@attempt("trace a sibling of another user")
def _():
    call(libc.ptrace, 16, victim, 0, 0)


@attempt("read the memory of the supervisor")
def _():
    os.open(f"/proc/{supervisor}/mem", os.O_RDONLY)


@attempt("read the environment of a sibling of another user")
def _():
    open(f"/proc/{victim}/environ").read()


@attempt("take a descriptor of the supervisor")
def _():
    descriptor = call(libc.syscall, 434, supervisor, 0)
    call(libc.syscall, 438, descriptor, 3, 0)


# What it may be.


@attempt("become root")
def _():
    os.setuid(0)


@attempt("become root by a set-user-ID program")
def _():
    result = subprocess.run([os.environ["SETUID_ID"], "-u"], capture_output=True, text=True, check=True)
    return "becomes root" if result.stdout == "0\n" else "stays who it is"


@attempt("get back a capability")
def _():
    header = struct.pack("Ii", 0x20080522, 0)
    every = struct.pack("6I", *[0xFFFFFFFF] * 6)
    call(libc.capset, header, every)


@attempt("raise its limit of open files")
def _():
    resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))


@attempt("be the last that the kernel kills for memory")
def _():
    write("/proc/self/oom_score_adj", "-1000")


@attempt("run before all others")
def _():
    os.nice(-10)


@attempt("be a real-time process")
def _():
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


# The machine.


@attempt("mount a file system")
def _():
    call(libc.mount, b"none", b"/mnt", b"tmpfs", 0, None)


@attempt("be root in a user namespace")
def _():
    call(libc.unshare, 0x10000000)


@attempt("load a kernel module")
def _():
    call(libc.syscall, 313, -1, b"", 0)


@attempt("reboot")
def _():
    call(libc.reboot, 0x89ABCDEF - (1 << 32))


@attempt("open /dev/mem")
def _():
    os.open("/dev/mem", os.O_RDWR)


@attempt("change a kernel setting")
def _():
    write("/proc/sys/kernel/core_pattern", "|/bin/sh")


@attempt("read a file that is forbidden to it")
def _():
    os.open("/srv/forbidden", os.O_RDONLY)


@attempt("read /etc/shadow")
def _():
    os.open("/etc/shadow", os.O_RDONLY)


@attempt("read the credential of a sibling")
def _():
    os.open("/run/cadre/credentials/victim.0@1/key", os.O_RDONLY)


@attempt("fill /run")
def _():
    os.close(os.open("/run/filler", os.O_WRONLY | os.O_CREAT))


@attempt("fill Cadre's runtime directory")
def _():
    os.close(os.open("/run/cadre/filler", os.O_WRONLY | os.O_CREAT))


@attempt("read the journal by which a supervisor goes on")
def _():
    os.open("/run/cadre/state", os.O_RDONLY)


@attempt("fill /tmp")
def _():
    try:
        with open("/tmp/filler", "wb", buffering=0) as file:
            for _ in range(1 << 10):
                file.write(bytes(1 << 20))
    finally:
        os.unlink("/tmp/filler")


@attempt("listen on port 80")
def _():
    socket.socket().bind(("127.0.0.1", 80))


@attempt("listen on a port that is not its own")
def _():
    socket.socket().bind(("127.0.0.1", 8081))


# Cadre.


@attempt("command by the control socket")
def _():
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect("/run/cadre/control.sock")
        channel.send(b"POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        answer = channel.recv(4096)
    return answer.split(b"\r\n")[0].decode()


@attempt("say that a sibling stops")
def _():
    notify(b"STOPPING=1", path="/run/cadre/notify/victim.0@1")


@attempt("flood the supervisor with notifications")
def _():
    begin = time.monotonic()
    notify(*[b"STATUS=%d" % i for i in range(5000)])
    return "has to wait" if time.monotonic() - begin > 3 else "goes through"


@attempt("say that the init process is its main one")
def _():
    notify(b"MAINPID=1")
    return "passed over"


@attempt("say that a sibling is its main process")
def _():
    notify(b"MAINPID=%d" % victim)
    return "passed over"


@attempt("send a status of 1 MiB")
def _():
    notify(b"STATUS=" + b"x" * (1 << 20))


@attempt("send escape sequences as status")
def _():
    notify(b"STATUS=\x1b]0;owned\x07\x1b[2J\x9b31mred\xe2\x80\xaetxt\xff\n")
    return "is text"


@attempt("print escape sequences")
def _():
    os.write(1, b"\x1b]0;owned\x07\x1b[2Jprinted\n")
    return "is text"


@attempt("have the supervisor keep a thousand descriptors")
def _():
    null = os.open("/dev/null", os.O_RDWR)
    sent = 0
    while sent < 40:
        try:
            notify(b"FDSTORE=1\nFDNAME=flood\nFDPOLL=0", descriptors=[null] * 25)
            sent += 1
        except OSError as error:
            # No more may be on their way than a process may have open; how soon that is depends on who takes them.
            if error.errno != errno.ETOOMANYREFS:
                raise
            time.sleep(0.01)
    return "as many as it may"


# Exhaustion.


@attempt("open files without end")
def _():
    kept = []
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))


@attempt("fork without end")
def _():
    children = []
    try:
        while True:
            child = os.fork()
            if child == 0:
                signal.pause()
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def outcome(function):
    """What comes of an attempt, made by a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            text = function() or "allowed"
        except OSError as error:
            text = errno.errorcode.get(error.errno, str(error))
        except ValueError:
            # What Python makes of EPERM there.
            text = "EPERM"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    text = b""
    while chunk := os.read(reader, 4096):
        text += chunk
    os.close(reader)
    _, status = os.waitpid(child, 0)
    return text.decode() or signal.Signals(os.WTERMSIG(status)).name


def stay(_signal, _frame):
    """Has its time to stop extended for ever, and doesn't stop."""
    notify(b"EXTEND_TIMEOUT_USEC=9223372036854775807")


signal.signal(signal.SIGTERM, stay)
notify(b"READY=1")
for title, function in attempts:
    print(f"{title}: {outcome(function)}", flush=True)
print("done", flush=True)
while True:
    signal.pause()
