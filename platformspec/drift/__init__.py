"""What exists, compared with what was applied."""
