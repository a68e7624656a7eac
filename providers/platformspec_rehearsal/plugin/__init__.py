"""The simulated Terraform provider: what terraform starts, and how the two talk."""
