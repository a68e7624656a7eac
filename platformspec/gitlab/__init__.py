"""A merge request on GitLab, as a job of GitLab CI sees it. Names no other part of the compiler."""
