"""What looks after the installed service: separate programs, of which the daemon imports nothing."""
