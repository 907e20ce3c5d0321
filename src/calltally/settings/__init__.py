"""The settings: names, types, defaults and help, read once at start."""

from calltally.settings.settings import Settings

__all__ = ["Settings"]
