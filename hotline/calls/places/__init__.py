"""Places: what a call can come to, one module for each kind."""
