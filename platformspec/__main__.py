"""`python -m platformspec`."""

from platformspec.cli.main import entry_point

entry_point()
