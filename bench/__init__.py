"""The bench: what the integration costs and how fresh it is, measured on real servers."""
