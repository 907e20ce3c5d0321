"""Calltally: know exactly who calls your APIs."""

__version__ = "0.1.0"
