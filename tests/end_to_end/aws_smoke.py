"""`make aws-smoke`: one host in one region of a real account, measured from and removed, with the proof.

It costs money: the most that it may cost is said, and somebody is asked first.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MOST_USD = 0.05
FLEET = """
version: 1
name: smoke
testers: [{{name: {region}, driver: amazonec2, location: {{region: {region}}}}}]
servers: [{{name: server, host: {server}}}]
defaults: {{probe: {{count: 10, interval: 200ms}}}}
run: once
limits: {{budget: {most} USD, ttl: 40m, deadline: 15m}}
image: {image}
"""


def main() -> int:
    """Run the command line; exit code of the first `orchestrate` that was not content, 1 without a yes."""
    parser = argparse.ArgumentParser(prog="aws-smoke", description=__doc__)
    parser.add_argument("--region", default=os.environ.get("AWS_REGION", "us-east-1"))
    parser.add_argument("--server", default="1.1.1.1", help="what is pinged")
    parser.add_argument("--base", default="", help="the base image of the tester, if not the usual one")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aws-smoke-") as folder:
        return smoke(Path(folder), region=words.region, server=words.server, base=words.base)


def smoke(folder: Path, *, region: str, server: str, base: str) -> int:
    """Check, ask, bring up, remove, and show what the account holds afterwards."""
    fleet = folder / "fleet.yaml"
    image = json.dumps({"args": {"BASE": base}} if base else {})
    fleet.write_text(FLEET.format(region=region, server=server, most=MOST_USD, image=image))

    def orchestrate(*arguments: str) -> int:
        command = [sys.executable, "-m", "orchestrator", *arguments]
        environment = os.environ | {"ORCHESTRATE_STATE_DIR": str(folder / "state")}
        return subprocess.run(command, cwd=folder, env=environment, check=False).returncode

    if (code := orchestrate("check")) != 0:
        return code
    say(f"This makes one instance in {region} and removes it: at most {MOST_USD:.2f} USD. Go on? [y/N] ")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        say("Nothing was made.\n")
        return 1
    code = orchestrate("up", "--rm")
    # Whatever happened, a second look costs nothing: what is left is named with the command that ends it.
    return max(code, orchestrate("down"), orchestrate("orphans", "--region", region))


def say(text: str) -> None:
    """Write for the one who is asked."""
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
