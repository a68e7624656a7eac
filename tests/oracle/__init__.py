"""An oracle for Kubernetes manifests: what a cluster would refuse, found without one.

`default_oracle().problems(obj)` checks one object; `check_folder(path)` a whole compiled folder and the references within.
"""

from tests.oracle.check import check_folder
from tests.oracle.definitions import FOLDER_VARIABLE, Definition, Definitions, definitions_folder
from tests.oracle.oracle import DEFAULT_KUBERNETES, Oracle, default_oracle
from tests.oracle.problem import Problem

__all__ = [
    "DEFAULT_KUBERNETES",
    "FOLDER_VARIABLE",
    "Definition",
    "Definitions",
    "Oracle",
    "Problem",
    "check_folder",
    "default_oracle",
    "definitions_folder",
]
