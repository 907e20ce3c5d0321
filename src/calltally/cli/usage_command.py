"""``calltally usage``: queries of usage."""

from pathlib import Path

import click
import msgspec

from calltally.cli.click_groups import DefaultGroup
from calltally.cli.options import (
    data_option,
    json_option,
    organization_option,
    read_settings,
    settings_options,
)
from calltally.cli.owner_client import OwnerClient
from calltally.cli.wording import listing, print_csv, print_json, say
from calltally.cli.wording import show as show_table
from calltally.usage_query import Dimension, Metric
from calltally.window import Granularity


@click.group("usage", cls=DefaultGroup, default="show")
def usage_group() -> None:
    """Show usage, and dormant clients, sources and accounts. Without a command: show."""


@usage_group.command("show")
@data_option
@organization_option
@click.option("--from", "from_", metavar="WHEN", help="First day or instant.  [default: this month's first]")
@click.option("--to", metavar="WHEN", help="End: a day or instant, exclusive.  [default: the end of today]")
@click.option("--time-zone", help="An IANA time zone for days and dates.  [default: UTC]")
@click.option(
    "--granularity", type=click.Choice([str(g) for g in Granularity]), help="Size of each row's time bucket."
)
@click.option("--group-by", metavar="A,B", help=f"Any of {', '.join(str(d) for d in Dimension)}.")
@click.option("--metrics", metavar="A,B", help=f"Any of {', '.join(str(m) for m in Metric)}.")
@click.option("--order-by", metavar="A,-B", help="Columns to order by; prefix with - for descending.")
@click.option("--where", multiple=True, metavar="NAME=VALUE", help="Only calls with this value; repeatable.")
@click.option("--limit", type=int, help="Maximum number of rows.  [default: 1000]")
@click.option("--as-of", metavar="WHEN", help="The answer as it was known at that time.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
@settings_options
def show(
    directory: Path,
    organization: str,
    where: tuple[str, ...],
    as_csv: bool,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    **filters: str | int | None,
) -> None:
    """Show who called which routes, how often and with what outcome."""
    params = [(name.rstrip("_"), str(value)) for name, value in filters.items() if value is not None]
    for condition in where:
        name, equals, value = condition.partition("=")
        if not equals:
            raise click.BadParameter(f"{condition!r} is not NAME=VALUE", param_hint="--where")
        params.append((name, value))
    if as_csv:
        params.append(("format", "csv"))
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner:
        response = owner.ask("GET", "/v1/usage", organization=organization, params=params)
    if as_csv:
        print_csv(response.content)
        return
    if as_json:
        print_json(response.content)
        return
    answer = msgspec.json.decode(response.content)
    _print(answer["rows"])
    more = "; more rows exist" if answer.get("next") else ""
    say(f"complete up to {answer['complete_up_to']}{more}", err=True)


@usage_group.command("dormant")
@data_option
@organization_option
@click.option("--kind", type=click.Choice(["accounts", "sources", "clients"]), help="[default: accounts]")
@click.option("--days", type=int, help="Number of days without a call, including today.  [default: 90]")
@click.option("--limit", type=int, help="Maximum number of rows.  [default: 1000]")
@json_option
@settings_options
def dormant(
    directory: Path,
    organization: str,
    as_json: bool,
    config: Path | None,
    assignments: tuple[str, ...],
    **filters: str | int | None,
) -> None:
    """List dormant accounts, sources or clients, with the last day of each."""
    params = [(name, str(value)) for name, value in filters.items() if value is not None]
    settings = read_settings(directory, config, assignments)
    with OwnerClient(directory, settings, counting=True) as owner:
        response = owner.ask("GET", "/v1/dormant", organization=organization, params=params)
    if as_json:
        print_json(response.content)
        return
    answer = msgspec.json.decode(response.content)
    _print([{**row, "last_day": row["last_day"] or "never"} for row in answer["rows"]], nothing="none")
    say(f"{answer['total']:,} in all, complete up to {answer['complete_up_to']}", err=True)


def _print(rows: list[dict[str, str | int]], nothing: str = "no calls") -> None:
    if not rows:
        say(nothing)
        return
    table = listing()
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int) else "left")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else value for value in row.values()))
    show_table(table)
