"""Diagnostics as text for people, editors and machines; all from the same values.

Each module but `terminal` has one function `render`. Its text ends with a newline; for no diagnostics it is empty where
the format allows that.
"""
