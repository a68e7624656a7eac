"""Ending a command early."""

from __future__ import annotations


class Stop(Exception):
    """End the command with this exit code; everything has been said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
