"""Segment's two usage operations for API calls."""

from calltally.dialects.segment.routes import SegmentDialect

__all__ = ["SegmentDialect"]
