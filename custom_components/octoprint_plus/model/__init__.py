"""What is known of a printer: pure functions of snapshots, without input and output."""
