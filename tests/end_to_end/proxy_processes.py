"""Real proxies before a server, set up so that they keep and share its connections as far as they can."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

_PATIENCE = 60

NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
{user}
events {{}}
http {{
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  upstream calltally {{ server {server}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://calltally;
      proxy_http_version 1.1;
      proxy_request_buffering {buffering};
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $http_connection;
      proxy_set_header Expect $http_expect;
    }}
  }}
}}
"""

HAPROXY = """
global
  maxconn 100
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
  timeout queue 60s
  option http-keep-alive
  http-reuse always
frontend clients
  bind 127.0.0.1:{port}
  default_backend calltally
backend calltally
  server one {server} maxconn 1 pool-max-conn 1
"""


class ProxyProcess:
    """nginx or HAProxy before a server, from entering to leaving the context."""

    def __init__(
        self, folder: Path, command: list[str], configuration: str, server: str, **more: str
    ) -> None:
        self.address = ("127.0.0.1", _free_port())
        self.url = f"http://127.0.0.1:{self.address[1]}"
        self._folder = folder
        self._command = command
        self._text = configuration.format(
            server=server.removeprefix("http://"),
            port=self.address[1],
            user="user root;" if os.getuid() == 0 else "",
            **more,
        )

    def __enter__(self) -> Self:
        (self._folder / "proxy.conf").write_text(self._text)
        with (self._folder / "proxy.log").open("wb") as log:
            self._process = subprocess.Popen(self._command, cwd=self._folder, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(self.address, timeout=_PATIENCE).close()
            except ConnectionRefusedError:
                said = (self._folder / "proxy.log").read_text()
                assert self._process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(_PATIENCE)


def nginx(folder: Path, server: str) -> ProxyProcess:
    """Hands on ``Upgrade`` and ``Connection``, as configurations for WebSockets do."""
    return _nginx(folder, server, buffering="on")


def streaming_nginx(folder: Path, server: str) -> ProxyProcess:
    """The same, but for bodies: they are handed on as they come."""
    return _nginx(folder, server, buffering="off")


def haproxy(folder: Path, server: str) -> ProxyProcess:
    return ProxyProcess(folder, [_program("haproxy", "haproxy"), "-db", "-f", "proxy.conf"], HAPROXY, server)


def _nginx(folder: Path, server: str, buffering: str) -> ProxyProcess:
    command = [_program("nginx", "nginx-light"), "-p", f"{folder}/", "-c", "proxy.conf", "-e", "stderr"]
    return ProxyProcess(folder, command, NGINX, server, buffering=buffering)


def _program(name: str, package: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert found is not None, f"these tests need {name}: apt-get install {package}"
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
