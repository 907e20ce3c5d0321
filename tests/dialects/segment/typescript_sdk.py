"""Segment's TypeScript SDK, the newest that npm has, in a node project of its own."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dialects.segment.segment_server import SegmentServer

VERSION = "47.0.0-b8398"
LOCKED = Path(__file__).parent / "typescript_sdk"
CACHE = Path(__file__).parents[3] / ".cache"
HOME = CACHE / f"segment-typescript-{VERSION}"

_BEFORE = """
const { APICallsApi, unwrap } = require("@segment/public-api-sdk-typescript");
const [baseUrl, token] = process.argv.slice(2);
const api = new APICallsApi(baseUrl);
api.accessToken = token;
async function refused(asking) {
    try {
        await asking;
    } catch (error) {
        const headers = error.response.headers;
        return { status: error.statusCode, errors: error.body.errors, retryAfter: headers["retry-after"] };
    }
}
async function main() {
"""
_AFTER = """
}
main().then((result) => console.log(JSON.stringify(result)));
"""


@dataclass(frozen=True)
class TypeScriptSdk:
    """Runs small scripts that return what they saw."""

    home: Path

    def run(self, server: SegmentServer, script: str, token: str | None = None) -> Any:
        """What a script returned.

        It can ask ``api``, which speaks for the server's token or another, and call ``unwrap`` of the SDK
        and ``refused``, which tells what the SDK knows about a refusal.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".cjs", dir=self.home) as program:
            program.write(_BEFORE + script + _AFTER)
            program.flush()
            spoken = server.token if token is None else token
            command = ["node", "--no-deprecation", program.name, server.base_url, spoken]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def installed() -> TypeScriptSdk:
    """The SDK; the first time on a machine it is fetched by npm, as locked, and kept under ``.cache``."""
    if not HOME.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
            project = Path(fresh) / "project"
            shutil.copytree(LOCKED, project)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--loglevel=error"], cwd=project, check=True)
            try:
                project.rename(HOME)  # at once, so that nobody finds it half installed
            except OSError:
                assert HOME.exists()
    return TypeScriptSdk(HOME)
