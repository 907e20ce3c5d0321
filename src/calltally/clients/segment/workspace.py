"""A workspace of Segment's: its address and token."""

from dataclasses import dataclass, field
from typing import Self

import httpx

from calltally.clients.base_url import base_url
from calltally.clients.grant import StaticToken
from calltally.clients.segment.questions import SegmentQuestions
from calltally.clients.vendor import VendorFault, fault_body
from calltally.dialects.segment.contract import RequestErrorEnvelope

_REGIONS = {"us": "https://api.segmentapis.com", "eu": "https://eu1.api.segmentapis.com"}


@dataclass(frozen=True, slots=True)
class SegmentWorkspace:
    """A workspace's Public API token, and its address if it is not in the US.

    Raises `ValueError` for invalid values. Its text shows no secret.
    """

    access_token: str = field(repr=False)
    base_url: str = _REGIONS["us"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", base_url(self.base_url))
        _ = self.grant

    @classmethod
    def in_region(cls, region: str, access_token: str) -> Self:
        """A workspace in the region ``us`` or ``eu``."""
        if region not in _REGIONS:
            raise ValueError(f"region is {region!r}; accepted are {', '.join(_REGIONS)}")
        return cls(access_token, _REGIONS[region])

    @property
    def name(self) -> str:
        return "Segment"

    @property
    def grant(self) -> StaticToken:
        return StaticToken(self.access_token)

    @property
    def questions(self) -> SegmentQuestions:
        return SegmentQuestions()

    def read_fault(self, response: httpx.Response) -> VendorFault:
        match body := fault_body(response, RequestErrorEnvelope):
            case RequestErrorEnvelope(errors=errors):
                return VendorFault(body, "; ".join(f"{error.type}: {error.message}" for error in errors))
            case _:
                return VendorFault(body, "")
