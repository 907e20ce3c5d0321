"""Programs that ask a running demo in Segment's words: one in Python, one with Segment's own npm package."""

from calltally.demo.demo_calls import DemoCalls
from calltally.window import first_of_month

_IN_PYTHON = """\
# Segment's Python SDK is in no package registry: this client comes with Calltally
from calltally.clients import SegmentClient, SegmentWorkspace

workspace = SegmentWorkspace("{token}", "{address}")
with SegmentClient(workspace) as segment:
    days = list(segment.iterate_daily_workspace_api_calls_usage("{month}"))
    sources = list(segment.iterate_daily_per_source_api_calls_usage("{month}"))

print("calls since {month}, through each of the latest days:")
for day in days[-5:]:
    print(f"{{day.api_calls:>9}}  {{day.timestamp[:10]}}")

print("the busiest sources through today:")
totals = [row for row in sources if row.timestamp == days[-1].timestamp and row.source_id]
for row in sorted(totals, key=lambda row: -int(row.api_calls))[:5]:
    print(f"{{row.api_calls:>9}}  {{row.source_id}}")
"""

_IN_JAVASCRIPT = """\
// npm install @segment/public-api-sdk-typescript
import("@segment/public-api-sdk-typescript").then(async ({{ APICallsApi, unwrap }}) => {{
  const segment = new APICallsApi("{address}");
  segment.accessToken = "{token}";

  const page = await unwrap(segment.getDailyWorkspaceAPICallsUsage("{month}", {{ count: 31 }}));
  console.log("calls since {month}, through each of the latest days:");
  for (const day of page.dailyWorkspaceAPICallsUsage.slice(-5)) {{
    console.log(`${{day.apiCalls.padStart(9)}}  ${{day.timestamp.slice(0, 10)}}`);
  }}
}});
"""


def segment_python_program(demo: DemoCalls, token: str, address: str) -> str:
    """The program's text, complete: it runs where Calltally is installed."""
    return _filled(_IN_PYTHON, demo, token, address)


def segment_javascript_program(demo: DemoCalls, token: str, address: str) -> str:
    """The program's text, complete: it runs where Segment's npm package is, as a module and as a script."""
    return _filled(_IN_JAVASCRIPT, demo, token, address)


def _filled(program: str, demo: DemoCalls, token: str, address: str) -> str:
    return program.format(address=address, token=token, month=first_of_month(demo.story.today))
