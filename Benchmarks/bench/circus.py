"""Circus."""

import json
import subprocess

from .common import Failure
from .subject import Subject

# Runs in Circus' own Python, as its library is there: sends a command, and prints what the answer is.
CLIENT = """
import json, sys
from circus.client import CircusClient
client = CircusClient(endpoint=sys.argv[1], timeout=float(sys.argv[2]))
print(json.dumps(client.call(json.loads(sys.argv[3]))))
"""


class Circus(Subject):
    name = "circus"
    title = "Circus"

    @classmethod
    def unavailable(cls, bench):
        return None if bench.peer_python.exists() else "it isn't installed"

    @property
    def poll_seconds(self):
        # By default 5. A look takes as long as there are workers: so it takes the same share of a processor with 100 and with
        # 1,000, and no more than each second with more.
        return min(1, max(0.1, self.count / 1000))

    @property
    def endpoint(self):
        return f"ipc://{self.directory}/endpoint"

    def command(self):
        config = self.directory / "circus.ini"
        config.write_text(self.configuration())
        return [str(self.bench.peer_python), "-m", "circus.circusd", str(config)]

    def configuration(self):
        arguments = " ".join(self.worker_arguments("$(circus.wid)"))
        stream = ""
        if self.lines:
            stream = (
                f"stdout_stream.class = FileStream\nstdout_stream.filename = {self.directory}/log-all\n"
                "close_child_stderr = True\n"
            )
        return (
            f"[circus]\nendpoint = {self.endpoint}\npubsub_endpoint = ipc://{self.directory}/events\n"
            "statsd = False\nloglevel = ERROR\n"
            # Deaths are found by this poll alone, and each takes a look at every worker's /proc.
            f"check_delay = {self.poll_seconds}\n"
            f"[watcher:bench]\ncmd = {self.bench.worker}\nargs = {arguments}\nnumprocesses = {self.count}\n"
            f"warmup_delay = 0\nmax_retry = -1\ngraceful_timeout = 10\n{stream}"
        )

    def call(self, command, seconds=60, **properties):
        message = json.dumps({"command": command, "properties": properties})
        done = subprocess.run(
            [self.bench.peer_python, "-c", CLIENT, self.endpoint, str(seconds), message],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        if done.returncode != 0:
            raise Failure(f"circus did not answer {command}: {done.stderr[-500:]}")
        answer = json.loads(done.stdout)
        if answer.get("status") != "ok":
            raise Failure(f"circus: {command}: {answer}")
        return answer

    def scrape(self):
        self.call("stats")
        return 0
