"""The programming interface: what the command line does, over HTTP, for operators' programs."""
