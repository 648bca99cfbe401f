"""One verb per file; each knows its flags and its exit code."""
