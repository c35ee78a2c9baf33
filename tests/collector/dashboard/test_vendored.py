"""What comes from others is what was pinned, to the byte."""

import hashlib
import json
from pathlib import Path

import collector.dashboard

VENDOR = Path(collector.dashboard.__file__).parent / "static" / "vendor"


def test_what_lies_in_vendor_is_what_was_pinned() -> None:
    pinned = json.loads((VENDOR / "pinned.json").read_text(encoding="utf-8"))

    found = {
        name: {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((VENDOR / name).iterdir())
        }
        for name in sorted(path.name for path in VENDOR.iterdir() if path.is_dir())
    }

    assert found == {name: pin["sha256"] for name, pin in pinned.items()}
