"""Diagnostics as text for people, editors and machines; all from the same values.

Each module has one function `render`, which returns the text with a newline at its end, or nothing for no diagnostics where
the format allows that.
"""
