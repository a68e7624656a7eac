"""Rehearse an apply: real terraform against a simulated cloud, real kubectl against an emulated Kubernetes API.

The manifest of the plug-in is in `manifest.py`. This module imports nothing, because terraform starts the simulated provider
anew for every command.
"""
