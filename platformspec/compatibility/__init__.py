"""Which versions go together: one table, with a source for each row."""
