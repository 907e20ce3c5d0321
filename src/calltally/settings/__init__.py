"""What an operator may set: names, types, defaults and help, read once at the start."""

from calltally.settings.settings import Settings

__all__ = ["Settings"]
