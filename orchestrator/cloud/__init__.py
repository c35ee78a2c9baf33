"""Amazon's EC2: an account, what it offers, and what of ours is in it."""
