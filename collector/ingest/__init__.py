"""Takes reports into the database."""
