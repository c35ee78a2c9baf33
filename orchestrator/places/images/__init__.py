"""The image of the tester's container."""
