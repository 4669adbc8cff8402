"""What can be done with a printer: for entities, actions and whatever else acts."""
