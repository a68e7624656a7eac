"""What a change of platform.yaml means to those who run and use the platform: two revisions, every environment."""
