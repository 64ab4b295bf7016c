"""Plans: what a campaign would do to real people, and the signatures under exactly that."""
