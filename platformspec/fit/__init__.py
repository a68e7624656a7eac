"""What a model needs of a GPU's memory, and whether it is there: pure functions, without clouds and without Kubernetes.

Sizes are bytes inside formulae and GiB (2^30) in results. docs/fit.md has the formulae on one page.
"""
