"""What a reader takes."""


def gzip_wanted(accept_encoding: str) -> bool:
    """Return whether a reader takes gzip."""
    for kind in accept_encoding.split(","):
        name, _, weight = kind.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
