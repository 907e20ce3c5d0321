"""However calls come, and whatever they name: an organization brings no more texts than it may, a call is
rejected only where it would, and everything else is told and counted as if there were no bounds."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.ingest.text_bounds import TextLimits
from calltally.wiring import MeterOptions
from tests.support.metering import Metering, a_call
from tests.support.seeds import examples

LIMITS = TextLimits(of_kind=2, methods=1, memory=10 * 380, organizations=2)
ORGANIZATIONS = ["acme", "globex", "initech"]
FIELDS = ("origin", "client_id", "user_id", "source_id", "account_id", "method", "route")


texts = st.sampled_from(["", "", "a", "b", "ü" * 9, "long" * 12])
sent = st.fixed_dictionaries(
    {"id": st.sampled_from("123456789"), "status": st.sampled_from([200, 200, 404])},
    optional={"organization": st.sampled_from(ORGANIZATIONS), **dict.fromkeys(FIELDS, texts)},
)
Sent = dict[str, object]
bodies = st.lists(st.lists(sent, max_size=5) | st.just("restart"), max_size=7)


def memory_of(text: str) -> int:
    """By the numbers on the page of decisions."""
    wide = len(text.encode()) > len(text)
    return 360 + (4 * len(text) + 2 * len(text.encode()) if wide else 2 * len(text))


@dataclass
class NaiveBounds:
    """Plain sets of texts, and plain calls."""

    organizations: set[str] = field(default_factory=set)
    texts: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    calls: dict[tuple[object, ...], Sent] = field(default_factory=dict)

    def verdict(self, call: Sent, sender: str) -> tuple[str, str]:
        organization = str(call.get("organization") or sender)
        identity = organization, call.get("origin", ""), call["id"]
        content = {name: value for name, value in call.items() if value and name != "organization"}
        if identity in self.calls:
            return ("duplicate" if self.calls[identity] == content else "conflict"), "id"
        if organization not in self.organizations and organization != sender and len(self.organizations) >= 2:
            return "rejected", "organization"
        known = self.texts.get(organization, set())
        memory = sum(memory_of(text) for _, text in known)
        new = [
            (name, str(call[name])) for name in FIELDS if call.get(name) and (name, call[name]) not in known
        ]
        for name, text in new:
            if sum(1 for kind, _ in known if kind == name) >= (1 if name == "method" else 2):
                return "rejected", name
            memory += memory_of(text)
            if memory > 10 * 380:
                return "rejected", name
        self.texts[organization] = known | set(new)
        self.organizations.add(organization)
        self.calls[identity] = content
        return "accepted", ""

    def verdicts(self, body: list[Sent], sender: str) -> list[tuple[str, str]]:
        told = [self.verdict(call, sender) for call in body]
        if any(verdict == "rejected" for verdict, _ in told):
            self.organizations.add(sender)  # in whose books they are
        return told


async def told(meter: Metering, body: list[Sent], sender: str, *, gateway: bool) -> list[tuple[str, str]]:
    lines = b"\n".join(msgspec.json.encode({**a_call(), **call}) for call in body)
    receipt = await meter.send_body(lines, organization=sender, gateway=gateway)
    said = {verdict.index: (str(verdict.verdict), verdict.field) for verdict in receipt.verdicts}
    return [said.get(index, ("accepted", "")) for index in range(len(body))]


async def everything_told(
    given: list[list[Sent] | str], *, gateway: bool, by_reference: bool
) -> tuple[list[list[tuple[str, str]]], list[int]]:
    """The verdicts on every body, and how many calls are counted of each organization in the end."""
    verdicts = []
    with tempfile.TemporaryDirectory() as folder:
        meter = Metering(Path(folder), options=MeterOptions(text_limits=LIMITS), by_reference=by_reference)
        await meter.up()
        for body in given:
            if isinstance(body, str):
                await meter.restart()
            else:
                verdicts.append(await told(meter, body, "acme", gateway=gateway))
        counted = [await meter.calls(organization=name) for name in ORGANIZATIONS]
        await meter.down()
    return verdicts, counted


@settings(max_examples=examples(60))
@given(bodies, st.booleans(), st.booleans())
def test_only_calls_for_whose_texts_there_is_no_room_are_rejected(
    given: list[list[Sent] | str], gateway: bool, by_reference: bool
) -> None:
    naive = NaiveBounds()
    if not gateway:
        given = [body if isinstance(body, str) else [without_organization(c) for c in body] for body in given]

    verdicts, counted = asyncio.run(everything_told(given, gateway=gateway, by_reference=by_reference))

    assert verdicts == [naive.verdicts(body, "acme") for body in given if not isinstance(body, str)]
    assert counted == [sum(owner == name for owner, _, _ in naive.calls) for name in ORGANIZATIONS]


def without_organization(call: Sent) -> Sent:
    return {name: value for name, value in call.items() if name != "organization"}
