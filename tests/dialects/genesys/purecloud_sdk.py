"""Genesys's Python SDK, unmodified, in an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.dialects.genesys.genesys_server import GenesysServer

VERSION = "269.0.0"
HOME = Path(__file__).parents[3] / ".cache" / "purecloud-python"

_WORKER = """
import json, sys, time, traceback
import PureCloudPlatformClientV2 as sdk
def client(client_id, client_secret):
    return sdk.api_client.ApiClient().get_client_credentials_token(client_id, client_secret)
def seen(call, *args, **kwargs):
    try:
        reply = call(*args, **kwargs)
    except sdk.rest.ApiException as error:
        return [error.status, json.loads(error.body)["code"], json.loads(error.body)["message"]]
    return json.loads(reply.to_json())
def polled(get, *args):
    for _ in range(500):
        reply = get(*args)
        if reply.query_status != "Running":
            return json.loads(reply.to_json())
        time.sleep(0.01)
def of(model, **fields):
    body = model()
    for name, value in fields.items():
        setattr(body, name, value)
    return body
tools = dict(sdk=sdk, client=client, seen=seen, polled=polled, of=of, json=json, time=time)
for line in sys.stdin:
    job = json.loads(line)
    given = tools | job["values"]
    sdk.configuration.host = job["base_url"]
    try:
        reader = client(*job["reader"])
        given |= dict(usage=sdk.UsageApi(reader), oauth=sdk.OAuthApi(reader))
        exec(job["script"], given)
        reply = dict(result=given["result"])
    except BaseException:
        reply = dict(error=traceback.format_exc())
    sys.__stdout__.write(json.dumps(reply, default=str) + "\\n")
    sys.__stdout__.flush()
"""


class PureCloudSdk:
    """Runs small scripts that leave what they saw in ``result``, one after the other in one process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, server: GenesysServer, script: str, **values: object) -> Any:
        """What a script saw.

        It can use ``usage`` and ``oauth``, which are logged in; it can log in itself by ``client``, fill a
        model by ``of``, and ask with ``seen`` or, until there are results, ``polled``. Values are there under
        their names.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        reader = server.client_id, server.client_secret
        job = {"base_url": server.base_url, "reader": reader, "script": script, "values": values}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        reply = json.loads(self._process.stdout.readline())
        assert "error" not in reply, reply["error"]
        return reply["result"]


@contextmanager
def running() -> Iterator[PureCloudSdk]:
    """The SDK, at work."""
    with subprocess.Popen(
        [installed(), "-c", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield PureCloudSdk(process)
        assert process.stdin is not None
        process.stdin.close()


def installed() -> Path:
    """A Python with the SDK; the first time on a machine it is fetched by pip and kept under ``.cache``."""
    python, complete = HOME / "bin" / "python", HOME / f"complete-{VERSION}"
    if not complete.exists():
        package = f"PureCloudPlatformClientV2=={VERSION}"
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", package], check=True)
        complete.touch()
    return python
