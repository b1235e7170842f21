"""s6: s6-svscan, with an s6-supervise for each worker."""

import os
import resource
import subprocess

from .services import DirectoryService
from .subject import LAUNCHER

# Where a worker says that it is ready.
READY = 3

SETUP = """
for directory in usr/bin "$LIBRARIES"; do
    mount -t overlay -o "lowerdir=$PEERS/$directory:/$directory" overlay "/$directory" || exit
done
"""


class S6(DirectoryService):
    name = "s6"
    title = "s6"
    program = "s6-svscan"

    def command(self):
        for setting, value in {
            # s6-supervise restarts at once what has been ready for a second. What never said so always waits for one.
            "notification-fd": READY,
            # No list of deaths, which it otherwise reads and writes anew at each.
            "max-death-tally": 0,
        }.items():
            (self.directory / setting).write_text(f"{value}\n")
        self.write_services(self.services, range(self.count))
        # -c: by default it takes 500 services. -t 0: it looks at the directory when told to, and never by itself.
        most = self.count * (2 if self.lines else 1) + 10
        return ["s6-svscan", "-c", str(most), "-t", "0", str(self.services)]

    def settings(self):
        return [self.directory / "notification-fd", self.directory / "max-death-tally"]

    def worker_arguments(self, number):
        return [str(self.fifo.path), str(number), str(self.lines or 0), str(READY)]

    def launcher(self):
        """Debian's build looks for s6-supervise in /usr/bin only: it is there for its own processes, and for no others."""
        return ["unshare", "--mount", "/bin/sh", "-c", SETUP + LAUNCHER]

    def environment(self):
        libraries = f"usr/lib/{os.uname().machine}-linux-gnu"
        return {"PEERS": str(self.bench.peer_root), "LIBRARIES": libraries}

    def logger(self, directory):
        # Up to 16 MiB a file, the most that it takes; so old files are kept.
        return f"exec s6-log n100 s16777215 {directory}"

    def scrape(self):
        """s6-svstat knows one service at a time."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["nsenter", "--mount", "--target", str(self.process.pid), "/bin/sh", "-c",
             'for service in "$0"/*; do s6-svstat "$service" || exit; done', self.services],
            check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return int((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9)
