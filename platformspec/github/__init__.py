"""A pull request on GitHub, as a run of GitHub Actions sees it. Names no other part of the compiler."""
