"""Escaping of literals for Terraform. The only place that does it."""

from __future__ import annotations


def terraform_literal(text: str) -> str:
    """Text that Terraform reads back as it was: `${` and `%{` would otherwise start a template.

    >>> terraform_literal("${aws:username}")
    '$${aws:username}'
    """
    return text.replace("${", "$${").replace("%{", "%%{")
