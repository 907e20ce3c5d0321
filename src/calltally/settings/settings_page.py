"""docs/settings.md, generated from the table of settings."""

from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from calltally.settings.settings import Settings, kind_of, variable_of

_INTRODUCTION = """\
# Settings

Every setting has a default, so all are optional.
Values are read in this order, and a later one overrides an earlier one:

1. the default,
2. a TOML file, with the names below at its top level,
3. the environment, with `CALLTALLY_` before the name in capitals: `{variable}`,
4. the command line: `--set max_body=1GB`.

An unknown setting, or a value that is not accepted, keeps the server from starting.
The error then names every wrong setting, where it came from, its value and what is accepted.

A size is a number of bytes, alone or with a unit.
`KB`, `MB`, `GB` and `TB` count by 1000, `KiB`, `MiB`, `GiB` and `TiB` by 1024.
A list is a TOML array in the file and separated by commas elsewhere.
An item that itself contains a comma can only be given in the file.
Settings hold no secrets.
"""

_EXAMPLE = """\
## Example

```toml
host = "0.0.0.0"
port = 8080
seen_ids_memory = "2GB"
route_patterns = ["[A-Z]{2}-[0-9]+", "order-[a-z0-9]{8,}"]
```
"""


def settings_page() -> str:
    """The whole page in Markdown."""
    introduction = _INTRODUCTION.format(variable=variable_of("max_body"))
    return "\n".join([introduction, *_table(), "", _EXAMPLE])


def _table() -> Iterator[str]:
    yield "| Setting | What it is for | Default | Unit | Accepted |"
    yield "|---|---|---|---|---|"
    for setting in fields(Settings):
        texts = (
            setting.metadata["help"],
            _default(setting),
            setting.metadata["unit"],
            kind_of(setting).accepted,
        )
        yield f"| `{setting.name}` | {' | '.join(texts)} |"


def _default(setting: "Field[Any]") -> str:
    """The default as a user writes it; `none` for an empty list."""
    default = setting.metadata.get("default", setting.default)
    return "none" if default == () else f"`{default}`"
