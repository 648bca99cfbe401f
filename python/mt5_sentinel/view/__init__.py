"""What other processes see of the daemon: read from its journal and its cache of bars, never written."""
