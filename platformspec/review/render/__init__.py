"""A review as Markdown, text, JSON, SARIF and annotations."""
