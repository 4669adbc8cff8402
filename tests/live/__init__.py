"""Tests on real servers; one that cannot start its server fails."""
