"""Hosts that docker-machine makes."""
