"""The tree is the data flow: who may know whom, read off the import lines."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "calltally"

NOUNS = {
    "asgi",
    "call",
    "call_batch",
    "clock",
    "compressed_data",
    "dictionary",
    "durable_files",
    "errors",
    "executions",
    "harmless_text",
    "identity_key",
    "packed_texts",
    "process",
    "shares",
    "unstored_calls",
    "usage_query",
    "window",
}
"""The shared nouns at the top, which every room may know."""

MAY_KNOW = {
    "imports": set(),
    "ingest": {"journal", "store"},
    "journal": set(),
    "apply": {"journal", "store"},
    "store": set(),
    "query": {"store"},
    "maintenance": {"ingest", "journal", "apply", "store"},
    "meter": {"ingest", "journal", "apply", "store", "query", "maintenance"},
    "dialects": {"query", "auth", "control"},
    "api": {"ingest", "query", "store", "auth", "control", "meter", "maintenance"},
    "auth": {"control"},
    "control": set(),
    "clients": {"dialects"},
    "server": {"api", "auth"},
    "settings": set(),
    "data_directory": set(),
    "wiring": {
        *("ingest", "journal", "apply", "store", "query", "maintenance", "meter"),
        *("dialects", "api", "auth", "control", "server", "settings", "data_directory"),
    },
    "serve": {"wiring", "server", "settings", "data_directory"},
    "demo": {"wiring", "ingest", "control", "data_directory"},
    "cli": {
        *("wiring", "serve", "server", "settings", "data_directory", "demo"),
        *("imports", "maintenance", "store", "auth", "control"),
    },
}
"""What each room and each module beside the rooms may know, besides the nouns and itself."""

ONLY = {
    ("dialects", "control"): {"calltally.control.permissions"},
    ("cli", "auth"): {"calltally.auth.owner"},
    ("cli", "control"): {"calltally.control.permissions"},
    ("cli", "maintenance"): {"calltally.maintenance.restoring"},
    ("cli", "store"): {"calltally.store.export"},
    ("server", "auth"): {"calltally.auth.network"},
    ("clients", "dialects"): {
        f"calltally.dialects.{vendor}.contract" for vendor in ("genesys", "sailpoint", "segment")
    },
}
"""Where a room may know some modules of another one only."""

VENDORS = sorted(path.name for path in (SOURCE / "dialects").iterdir() if (path / "__init__.py").exists())
SEAMS_OF_THE_STORE = {
    "calltally.store.audit",
    "calltally.store.doubled_calls",
    "calltally.store.export",
    "calltally.store.kept",
    "calltally.store.usage_store",
    "calltally.store.time_zone",
}
MAY_SAY_SAILPOINT = (
    "dialects/sailpoint",
    "clients",
    "demo",
    "wiring",
    "settings",
    "control/permissions.py",
)


def modules_in(*places: str) -> list[Path]:
    """The modules in packages or, where a place is one, the module itself."""
    paths = [SOURCE / place for place in places]
    return [module for path in paths for module in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def modules_of(room: str) -> list[Path]:
    """The modules of a room, or the module that stands beside the rooms."""
    return modules_in(room if (SOURCE / room).is_dir() else f"{room}.py")


def imports_of(module: Path) -> Iterator[str]:
    """The modules of ours that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        match node:
            case ast.Import():
                names = [alias.name for alias in node.names]
            case ast.ImportFrom(module=name, level=0):
                names = [name or ""]
            case ast.ImportFrom():
                raise AssertionError(f"{module} has a relative import")
            case _:
                names = []
        yield from (name for name in names if name.partition(".")[0] == "calltally")


def arrows(modules: list[Path]) -> set[tuple[str, str]]:
    """Each module with each module of ours that it imports."""
    return {(str(module.relative_to(SOURCE)), name) for module in modules for name in imports_of(module)}


def package_of(name: str) -> str:
    """The first part behind ours; the version, which our own package holds, belongs to nobody."""
    return f"{name}..".split(".")[1]


@pytest.mark.parametrize("noun", sorted(NOUNS))
def test_a_shared_noun_knows_other_nouns_only(noun: str) -> None:
    known = arrows(modules_in(f"{noun}.py"))

    assert {arrow for arrow in known if package_of(arrow[1]) not in NOUNS} == set()


def test_every_room_is_guarded() -> None:
    rooms = {
        path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert rooms - {"__init__"} == NOUNS | MAY_KNOW.keys()


@pytest.mark.parametrize("room", MAY_KNOW)
def test_a_room_knows_only_what_stands_before_it(room: str) -> None:
    allowed = NOUNS | MAY_KNOW[room] | {room, ""}

    assert {arrow for arrow in arrows(modules_of(room)) if package_of(arrow[1]) not in allowed} == set()


def test_no_two_rooms_know_each_other() -> None:
    known = {(room, other) for room in MAY_KNOW for other in MAY_KNOW[room]}

    assert {(room, other) for room, other in known if (other, room) in known} == set()


@pytest.mark.parametrize(("room", "other"), ONLY)
def test_a_room_knows_no_more_of_another_than_it_must(room: str, other: str) -> None:
    known = {name for _, name in arrows(modules_of(room)) if package_of(name) == other}

    assert known == ONLY[room, other]


def test_nobody_but_the_wiring_knows_which_store_there_is() -> None:
    outside = [module for module in modules_in("") if "store" not in module.relative_to(SOURCE).parts[0]]
    known = {arrow for arrow in arrows(outside) if package_of(arrow[1]) == "store"}

    assert {module for module, name in known if name not in SEAMS_OF_THE_STORE} == {"wiring/installation.py"}


def test_sql_is_written_in_stores_and_control_data_only() -> None:
    sql = ("duckdb", "sqlalchemy")
    using = {
        module.relative_to(SOURCE).parts[0]
        for module in modules_in("")
        if any(
            f"import {name}" in (text := module.read_text("utf-8")) or f"from {name}" in text for name in sql
        )
    }

    assert using == {"store", "control"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_dialect_knows_no_other_dialect(vendor: str) -> None:
    known = {
        arrow for arrow in arrows(modules_in(f"dialects/{vendor}")) if package_of(arrow[1]) == "dialects"
    }

    assert {arrow for arrow in known if not arrow[1].startswith(f"calltally.dialects.{vendor}")} == set()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_dialect_can_be_deleted_with_its_client_and_one_line_of_the_wiring(vendor: str) -> None:
    dialect = f"calltally.dialects.{vendor}"
    own = (f"dialects/{vendor}/", f"clients/{vendor}/")
    knowing = {arrow for arrow in arrows(modules_in("")) if arrow[1].startswith(dialect)}

    assert {module for module, _ in knowing if not module.startswith(own)} == {"wiring/installation.py"}
    assert {name for module, name in knowing if module.startswith(f"clients/{vendor}/")} <= {
        f"{dialect}.contract"
    }


def test_sailpoint_is_named_only_where_it_is_served_asked_set_and_shown() -> None:
    naming = [
        str(module.relative_to(SOURCE))
        for module in modules_in("")
        if "sailpoint" in module.read_text("utf-8").lower()
    ]

    assert [name for name in naming if not name.startswith(MAY_SAY_SAILPOINT)] == []


@pytest.mark.parametrize(
    "package", [str(path.parent.relative_to(SOURCE)) for path in SOURCE.rglob("__init__.py")]
)
def test_a_package_lists_its_public_names_and_does_nothing_else(package: str) -> None:
    body = ast.parse((SOURCE / package / "__init__.py").read_text("utf-8")).body
    doing = [
        ast.unparse(node)
        for node in body
        if not isinstance(node, ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not ast.unparse(node).startswith(("__all__ = ", "__version__ = "))
    ]

    assert doing == []
