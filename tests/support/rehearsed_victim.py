"""Runs the command line, and kills itself, or its whole process group, as soon as it has told a chosen event.

python -m tests.support.rehearsed_victim "step stack network begins" group apply FOLDER ...
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any, TextIO

from platformspec.cli.main import main


class Victim:
    """Standard output that kills."""

    def __init__(self, stream: TextIO, event: str, group: bool) -> None:
        self.stream, self.event, self.group = stream, event, group

    def write(self, text: str) -> int:
        written = self.stream.write(text)
        if text.startswith("{"):
            told = json.loads(text)
            if f"{told['kind']} {told['name']} {told['status']}" == self.event:
                self.stream.flush()
                os.killpg(0, signal.SIGKILL) if self.group else os.kill(os.getpid(), signal.SIGKILL)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


if __name__ == "__main__":
    event, whom, *command = sys.argv[1:]
    sys.stdout = Victim(sys.stdout, event, whom == "group")
    sys.exit(main(command))
