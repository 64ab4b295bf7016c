"""The web process: the receipts door, and Flask for everything else."""
