"""Backups of the control data, and what is forgotten in them."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import zstandard
from sqlalchemy import delete, select

from calltally.control.control_database import FILE_NAME, ControlDatabase
from calltally.control.tables import execution_pages, executions, names
from calltally.dictionary import Kind


class ControlMaintenance:
    """Copies the control database, with files that belong to it, and erases who is to be forgotten in it.

    Methods block and may be called from any thread.
    """

    def __init__(
        self, database: ControlDatabase, files: Sequence[Path] = (), *, mark: Path | None = None
    ) -> None:
        """``files`` are copied along, if they are there; ``mark`` is a file to be made by an erasure."""
        self._database = database
        self._files = files
        self._mark = mark

    def erase(self, kind: Kind, organization: str, text: str, replacement: str) -> None:  # noqa: ARG002 - nothing is left that could go by it
        """Removes a user's or an account's name, and the organization's executions that tell of them.

        Whoever asked such a question may ask it again.
        """
        if self._mark is not None:
            self._mark.touch()
        with self._database.writing() as connection:
            connection.execute(
                delete(names).where(
                    names.c.organization == organization, names.c.kind == int(kind), names.c.id == text
                )
            )
            for execution_id in self._telling_of(organization, text):
                connection.execute(
                    delete(execution_pages).where(execution_pages.c.execution_id == execution_id)
                )
                connection.execute(delete(executions).where(executions.c.execution_id == execution_id))

    def wipe(self) -> None:
        """Writes the database anew, so that its files hold nothing of what was deleted."""
        self._database.rewrite()

    def copy_to(self, folder: Path) -> None:
        """Writes the database as of one instant, and copies of the files that there are."""
        with closing(sqlite3.connect(folder / FILE_NAME)) as copy:
            self._database.copy_into(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
        for file in self._files:
            if file.exists():
                shutil.copyfile(file, folder / file.name)

    def damage(self) -> Sequence[str]:
        """See `ControlDatabase.damage`."""
        return self._database.damage()

    def _telling_of(self, organization: str, text: str) -> list[str]:
        query = select(executions.c.execution_id, executions.c.question, executions.c.failure).where(
            executions.c.organization == organization
        )
        pages = select(execution_pages.c.content)
        found: list[str] = []
        with self._database.reading() as connection:
            for row in connection.execute(query).all():
                texts = (one.encode() for one in (row.question, row.failure) if one)
                of_execution = pages.where(execution_pages.c.execution_id == row.execution_id)
                packed = connection.execute(of_execution).scalars()
                if any(_tells(one, text) for one in texts) or any(_page_tells(page, text) for page in packed):
                    found.append(row.execution_id)
        return found


def _page_tells(packed: bytes, text: str) -> bool:
    """Of a page that cannot be read it is to be feared."""
    try:
        return _tells(zstandard.decompress(packed), text)
    except zstandard.ZstdError:
        return True


def _tells(content: bytes, text: str) -> bool:
    """Whether a text is a value in JSON, or a whole part of a path there; in what is no JSON, anywhere."""
    try:
        return _is_in(msgspec.json.decode(content), text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return text.encode() in content


def _is_in(value: Any, text: str) -> bool:
    match value:
        case str():
            return value == text or any(unquote(part) == text for part in value.split("/"))
        case list():
            return any(_is_in(item, text) for item in value)
        case dict():
            return any(_is_in(item, text) for item in value.values())
    return False
