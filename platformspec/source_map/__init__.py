"""The way between a line of YAML and what it becomes, in both directions."""
