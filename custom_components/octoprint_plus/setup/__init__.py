"""The way from an address to a printer that is set up."""
