"""Harnesses: each measures one thing about a method and writes Records."""
