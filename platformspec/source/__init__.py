"""From files to plain data: YAML with a place for each key and value, fragments merged, one environment applied."""

from platformspec.source.document import Document, Origin, parse
from platformspec.source.overlay import apply_environment
from platformspec.source.text import Texts
from platformspec.source.tree import Folder, GitRevision, Refused, SourceTree

__all__ = [
    "Document",
    "Folder",
    "GitRevision",
    "Origin",
    "Refused",
    "SourceTree",
    "Texts",
    "apply_environment",
    "parse",
]
