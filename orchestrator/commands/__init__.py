"""The commands, one file each family."""
