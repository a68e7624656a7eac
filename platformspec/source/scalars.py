"""What an unquoted scalar means: YAML 1.2's core schema, minus what other YAML readers take for something else."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from platformspec.diagnostics import Code

Scalar = str | int | float | bool | None

AMBIGUOUS = Code(
    "PS105",
    "an unquoted value that YAML readers disagree about",
    explain="YAML 1.1 reads `no` as false, `010` as eight, `12:30` as 750 and 2026-01-31 as a date; YAML 1.2 "
    "reads them differently. The compiler refuses to choose: put text in quotes, or write the number or "
    "true/false plainly.",
)
NOT_FINITE = Code(
    "PS118",
    "a number that is not finite",
    explain="Infinity and not-a-number have no meaning for a platform and cannot be written to JSON, so `.inf`, "
    "`.nan` and numbers such as 1e999 are refused. Write a number, or put text in quotes.",
)
TOO_MANY_DIGITS = Code(
    "PS119",
    "a number with thousands of digits",
    explain="No setting needs a number of more than 1000 digits; it is probably text (a key or a hash) whose "
    "quotes are missing.",
)

# Python refuses to print an integer of more than 4300 decimal digits; a hexadecimal digit is worth 1.2 of them.
MOST_DIGITS: Final = 1000


@dataclass(frozen=True, slots=True)
class Misread:
    """Why this scalar has no meaning here, and what to write instead."""

    code: Code
    message: str
    help: str


_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# https://yaml.org/type/bool.html, what YAML 1.2 took out.
_YES_NO: Final = {
    word: meaning
    for meaning, words in (("true", ("y", "yes", "on")), ("false", ("n", "no", "off")))
    for lower in words
    for word in (lower, lower.capitalize(), lower.upper())
}
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# https://yaml.org/spec/1.2.2/#1032-tag-resolution
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# https://yaml.org/type/int.html, float.html and timestamp.html: numbers and dates for YAML 1.1 alone.
_LEADING_ZERO: Final = re.compile(r"[-+]?0[0-9]+")
_UNDERSCORES: Final = re.compile(r"[-+]?(0[xo][0-9a-fA-F_]+|0b[01_]+|\.?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?)")
_SIGNED_BASE: Final = re.compile(r"[-+]0x[0-9a-fA-F]+|[-+]?0b[01]+")
_SEXAGESIMAL: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:?[0-9]{2})?))?)?"
)


def resolve(text: str) -> Scalar | Misread:
    """The value of an unquoted scalar, or why it has none."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-.":
        return _number(text)
    if text in _YES_NO:
        return Misread(
            AMBIGUOUS,
            f"{text} is text to some YAML readers and {_YES_NO[text]} to others",
            f'write {_YES_NO[text]}, or "{text}" in quotes if it is text',
        )
    if text in ("=", "<<"):
        return Misread(AMBIGUOUS, f"{text} has a meaning of its own to some YAML readers", f'write "{text}" in quotes')
    return text


def _number(text: str) -> Scalar | Misread:
    if _NOT_FINITE.fullmatch(text):
        return Misread(
            NOT_FINITE, f"{text} is not a finite number", f'write a number, or "{text}" in quotes if it is text'
        )
    if len(text) > MOST_DIGITS and _UNDERSCORES.fullmatch(text):
        return Misread(
            TOO_MANY_DIGITS,
            f"{text[:12]}... is a number of {len(text)} characters, at most {MOST_DIGITS} are read",
            "put it in quotes if it is text",
        )
    if _LEADING_ZERO.fullmatch(text):
        return _leading_zero(text)
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            return Misread(NOT_FINITE, f"{text} is too large for a number", f'write "{text}" in quotes if it is text')
        return value
    return _only_in_1_1(text)


def _leading_zero(text: str) -> Misread:
    plain = str(int(text))
    octal = f" and {int(text, 8)} to others" if not set(text) & set("89") else ", and text to others"
    return Misread(
        AMBIGUOUS,
        f"{text} is {plain} to some YAML readers{octal}",
        f'write {plain}, or "{text}" in quotes if the zero belongs to it',
    )


def _only_in_1_1(text: str) -> str | Misread:
    if "_" in text and _UNDERSCORES.fullmatch(text):
        plain = text.replace("_", "")
        return Misread(
            AMBIGUOUS,
            f"{text} is text to some YAML readers and {plain} to others",
            f'write {plain}, or "{text}" in quotes if it is text',
        )
    for pattern, meaning in ((_SIGNED_BASE, "a number"), (_SEXAGESIMAL, "a number in base 60"), (_DATE, "a date")):
        if pattern.fullmatch(text):
            return Misread(
                AMBIGUOUS, f"{text} is text to some YAML readers and {meaning} to others", f'write "{text}" in quotes'
            )
    return text
