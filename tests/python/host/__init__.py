"""A real systemd as PID 1 of a container, and the service installed in it as on a host."""
