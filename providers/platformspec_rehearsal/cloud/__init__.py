"""The pretend cloud: what exists, which values it answers with, and what it refuses."""
