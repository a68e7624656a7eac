"""Turn a plan into a running platform. The only pass that acts: it runs terraform and kubectl, and keeps a record."""
