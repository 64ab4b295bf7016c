"""Services that run on this machine as children of one command, where none is configured."""
