"""How the snapshot of a printer is kept up to date; the parts of the coordinator."""
