"""supervisord."""

import http.client
import os
import socket
import xmlrpc.client

from .subject import Subject


class Supervisord(Subject):
    name = "supervisord"
    title = "supervisord"

    @classmethod
    def unavailable(cls, bench):
        return bench.missing_peer("supervisord")

    def environment(self):
        return {"PYTHONPATH": str(self.bench.peer_root / "usr/lib/python3/dist-packages")}

    @property
    def socket(self):
        return self.directory / "supervisor.sock"

    def command(self):
        config = self.directory / "supervisord.conf"
        log = f"{self.directory}/log-%(process_num)d" if self.lines else "NONE"
        command = " ".join([str(self.bench.worker), *self.worker_arguments("%(process_num)d")])
        # minfds is how many descriptors each child closes, one by one, before it executes: no more than are needed.
        # startsecs: else a worker counts as running, and is restarted at once, only after a second.
        config.write_text(
            f"[unix_http_server]\nfile={self.socket}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\nloglevel=critical\n"
            f"pidfile={self.directory}/pid\nchildlogdir={self.directory}\nuser=root\n"
            f"minfds={64 + 3 * self.count}\nminprocs=1\n"
            f"[program:bench]\ncommand={command}\nprocess_name=%(process_num)d\nnumprocs={self.count}\n"
            "startsecs=0\nautorestart=true\nstartretries=1000000\nredirect_stderr=true\n"
            f"stdout_logfile={log}\nstdout_logfile_maxbytes=0\n"
        )
        return ["/usr/bin/python3", str(self.bench.peer("supervisord")), "-c", str(config)]

    def scrape(self):
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=UnixTransport(str(self.socket)))
        assert len(proxy.supervisor.getAllProcessInfo()) == self.count
        return 0


class UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, path):
        super().__init__()
        self.path = os.fspath(path)

    def make_connection(self, host):
        connection = http.client.HTTPConnection(host)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        return connection
