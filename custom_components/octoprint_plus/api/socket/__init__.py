"""What OctoPrint pushes over its WebSocket, and what is asked over one."""
