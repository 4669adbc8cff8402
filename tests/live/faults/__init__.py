"""Faults of the network, of the server and of what they answer, in a real Home Assistant during a real print."""
