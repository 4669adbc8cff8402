"""Tests of `api/socket`."""
