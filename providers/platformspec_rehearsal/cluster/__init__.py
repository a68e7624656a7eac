"""The emulated Kubernetes API: as much of one as kubectl needs to apply, compare, wait for and delete objects."""
