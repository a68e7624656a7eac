"""Drift for people and for programs."""
