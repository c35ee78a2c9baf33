"""Every way in which a fleet file can be wrong has a file in `wrong/` and its exact message beside it."""

from pathlib import Path

import pytest

from orchestrator.errors import FleetFileError
from orchestrator.fleet.file import read_fleet

WRONG = Path(__file__).parent / "wrong"
PROFILE = "# profile: "


@pytest.mark.parametrize("name", sorted(path.stem for path in WRONG.glob("*.yaml")))
def test_a_wrong_file_gives_its_exact_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)
    path = Path(f"{name}.yaml")
    first_line = path.read_bytes().partition(b"\n")[0].decode()
    profile = first_line.removeprefix(PROFILE) if first_line.startswith(PROFILE) else None

    with pytest.raises(FleetFileError) as caught:
        read_fleet(path, environment={}, profile=profile)

    assert f"{caught.value}\n" == Path(f"{name}.txt").read_text(encoding="utf-8")
    assert caught.value.exit_code == 2


def test_every_message_has_its_file() -> None:
    files = {path.stem for path in WRONG.glob("*.yaml")}

    assert {path.stem for path in WRONG.glob("*.txt")} == files
