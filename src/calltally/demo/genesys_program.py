"""A program with Genesys's own Python SDK that asks a running demo."""

from datetime import timedelta

from calltally.control.clients import NewClient
from calltally.demo.demo_calls import DemoCalls
from calltally.window import first_of_month, months_before

_DAY = timedelta(days=1)
_DAYS_TO_ITS_MIDDLE = timedelta(days=3)

_PROGRAM = """\
# pip install PureCloudPlatformClientV2
import time

import PureCloudPlatformClientV2 as genesys

genesys.configuration.host = "{address}"
client = genesys.ApiClient().get_client_credentials_token(
    "{client_id}", "{client_secret}"
)
usage = genesys.UsageApi(client)

query = genesys.ApiUsageOrganizationQuery()
query.interval = "{first_day}/{last_day}"
query.group_by = ["OAuthClientId"]
query.metrics = ["Requests", "Status429"]

execution_id = usage.post_usage_query(query).execution_id
answer = usage.get_usage_query_execution_id_results(execution_id)
while answer.query_status == "Running":
    time.sleep(0.2)
    answer = usage.get_usage_query_execution_id_results(execution_id)

print("who called most from {first_day} through {last_day}, and how often it was told 429:")
for row in sorted(answer.results, key=lambda row: (-row.requests, row.client_id))[:5]:
    print(f"{{row.requests:>9}} {{row.status429:>7}}  {{row.client_name}}")
"""


def genesys_program(demo: DemoCalls, client: NewClient, address: str) -> str:
    """The program's text, complete: it runs where ``pip install PureCloudPlatformClientV2`` was done.

    It asks about the month that holds most of the week in which a client ran away.
    """
    first_day = first_of_month(demo.story.runaway_from + _DAYS_TO_ITS_MIDDLE)
    last_day = months_before(first_day, -1) - _DAY
    return _PROGRAM.format(
        address=address,
        client_id=client.client_id,
        client_secret=client.client_secret,
        first_day=first_day,
        last_day=last_day,
    )
