"""Names that the outside world sees: Terraform's logical names and physical names of resources."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_ID_PART: Final = re.compile(r"[a-z0-9_.>-]+")


def terraform_name(node_id: str) -> str:
    """The Terraform logical name of a node id.

    It keeps to letters, digits, `_` and `-`, so the CDK's own cleaning of ids (which drops everything else in silence)
    changes nothing: the function's results are fixed points of that cleaning. Dots become `_`, slashes `__`.

    >>> terraform_name("gpu_pool.inference/node-role")
    'gpu_pool_inference__node-role'
    """
    return node_id.replace("/", "__").replace(".", "_")


def physical_name(*parts: str, limit: int, separator: str = "-") -> str:
    """Join name parts; where the result is too long it is cut and ends in eight hexadecimal digits of its hash.

    `limit` is the longest name that the type allows (IAM roles 64, OpenSearch Serverless policies 32).

    >>> physical_name("acme", "prod", "chat", limit=64)
    'acme-prod-chat'
    """
    full = separator.join(part for part in parts if part)
    if len(full) <= limit:
        return full
    digest = hashlib.sha256(full.encode()).hexdigest()[:8]
    return f"{full[: limit - 9].rstrip(separator + '-_.')}{separator}{digest}"


def name_part(text: str, *, limit: int = 50) -> str:
    """Free text, such as a group of single sign-on, as part of a name: lower-case letters, digits and dashes.

    Where that loses something the result ends in eight hexadecimal digits of the text's hash, so that two texts stay two names.

    >>> name_part("sso-admins"), name_part("sso:admins")
    ('sso-admins', 'sso-admins-d9ca29fd')
    """
    clean = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if clean == text and len(clean) <= limit:
        return clean
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{clean[: limit - 9].rstrip('-')}-{digest}".lstrip("-")


def is_legal_id(node_id: str) -> bool:
    """Whether an id is made of parts that `terraform_name` maps one to one."""
    return all(_ID_PART.fullmatch(part) for part in node_id.split("/"))
