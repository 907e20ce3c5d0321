"""Genesys Cloud's usage operations."""

from calltally.dialects.genesys.routes import GenesysDialect

__all__ = ["GenesysDialect"]
