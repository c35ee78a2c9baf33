"""Takes reports, keeps them, answers questions about them."""
