"""Tests of `setup`."""
