"""A program with SailPoint's own Python SDK that asks a running demo."""

from calltally.control.clients import NewClient
from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_sights import busiest_account, dormant_account

_PROGRAM = """\
# pip install sailpoint
from sailpoint import account_usages, api_usage
from sailpoint.configuration import Configuration, ConfigurationParams

params = ConfigurationParams()
params.base_url = "{address}"
params.client_id = "{client_id}"
params.client_secret = "{client_secret}"
configuration = Configuration(params)

calls = api_usage.ApiUsageApi(api_usage.ApiClient(configuration))
accounts = account_usages.AccountUsagesApi(account_usages.ApiClient(configuration))

year = calls.get_total_count_v1(filters='startDate eq "{first_day}"')
month = calls.get_total_count_v1()
print("calls since {first_day}:", year["NumberOfCalls"])
print("calls this month:", month["NumberOfCalls"])

print("this month's busiest routes:")
for row in calls.list_api_summary_v1(limit=5):
    print(f"{{row.number_of_calls:>9}}  {{row.requested_uri}}")

for what, account_id in [
    ("a busy account", "{busy}"),
    ("a dormant account", "{dormant}"),
]:
    print(f"active days of {{what}}, {{account_id}}:")
    for usage in accounts.get_usages_by_account_id_v1(account_id):
        print(f"  {{usage.var_date:%Y-%m}} {{usage.count:>3}}")
"""


def sailpoint_program(demo: DemoCalls, client: NewClient, address: str) -> str:
    """The program's text, complete: put into a file it runs, where ``pip install sailpoint`` was done."""
    return _PROGRAM.format(
        address=address,
        client_id=client.client_id,
        client_secret=client.client_secret,
        first_day=demo.story.first_day,
        busy=busiest_account(demo.organization),
        dormant=dormant_account(demo.organization),
    )
