"""How an interrupted run goes on."""

from typing import Final

RESUME: Final = "platformspec apply --resume"
