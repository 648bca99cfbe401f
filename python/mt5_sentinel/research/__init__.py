"""How the bundled data and model were made; separate programs that the daemon never imports."""
