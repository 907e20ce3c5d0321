"""SailPoint Identity Security Cloud's five usage operations."""

from calltally.dialects.sailpoint.routes import SailPointDialect

__all__ = ["SailPointDialect"]
