"""Access: what each role may do, and how somebody proves who they are."""
