"""What this plug-in offers: it creates nothing, and rehearses what the others create."""

from __future__ import annotations

from typing import Final

from platformspec.sdk import Provider
from platformspec_rehearsal.rehearsal import rehearse

PROVIDER: Final = Provider(name="rehearsal", rehearse=rehearse)
