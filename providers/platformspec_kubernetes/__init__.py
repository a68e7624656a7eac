"""The provider `kubernetes`."""
