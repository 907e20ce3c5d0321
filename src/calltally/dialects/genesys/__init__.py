"""Genesys Cloud's seven usage operations."""

from calltally.dialects.genesys.routes import GenesysDialect

__all__ = ["GenesysDialect"]
