"""SailPoint's Python SDK 1.4.2, the last one with the yearly paths, in an environment of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dialects.sailpoint.sailpoint_server import SailPointServer

VERSION = "1.4.2"
HOME = Path(__file__).parents[3] / ".cache" / f"sailpoint-{VERSION}"

_BEFORE = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
from sailpoint.configuration import Configuration, ConfigurationParams
params = ConfigurationParams()
params.base_url = {base_url!r}
params.client_id, params.client_secret = {client_id!r}, {client_secret!r}
configuration = Configuration(params)
configuration.experimental = True
def api(version, name):
    package = importlib.import_module("sailpoint." + version)
    return getattr(package, name)(package.ApiClient(configuration))
def seen(call, *args, **kwargs):
    try:
        reply = call(*args, **kwargs)
    except Exception as error:
        return [type(error).__name__, getattr(error, "status", None)]
    headers = {{name.lower(): value for name, value in reply.headers.items()}}
    data = [row.to_dict() for row in reply.data] if isinstance(reply.data, list) else reply.data
    data = data.to_dict() if hasattr(data, "to_dict") else data
    return [data, headers.get("x-total-count")]
"""
_AFTER = """
sys.stdout.write("\\n" + json.dumps(result, default=str))
"""


@dataclass(frozen=True)
class OldSdk:
    """Runs small scripts that leave what they saw in ``result``."""

    python: Path

    def run(self, server: SailPointServer, script: str) -> Any:
        """What a script saw. It is logged in; ``api(version, class)`` makes an API and ``seen`` asks it."""
        before = _BEFORE.format(base_url=server.base_url, **server.reader.as_form())
        program = before + script + _AFTER
        done = subprocess.run([self.python, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


def installed() -> OldSdk:
    """The SDK; the first time on a machine it is fetched by pip and kept under ``.cache``."""
    python, complete = HOME / "bin" / "python", HOME / "complete"
    if not complete.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"sailpoint=={VERSION}"], check=True)
        complete.touch()
    return OldSdk(python)
