"""Memory modules, one file each. A file dropped in here is found with no other step."""
