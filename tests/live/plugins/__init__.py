"""Tests of the plugins on a real OctoPrint."""
