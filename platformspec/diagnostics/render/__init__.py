"""Diagnostics as text for people, editors and machines; all from the same values.

Each module but `terminal` has one function `render`, which returns text that ends with a newline, or an empty one for no
diagnostics where the format allows that.
"""
