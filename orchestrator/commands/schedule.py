"""`orchestrate schedule`: sweeps by cron."""

from typing import Any

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.errors import ConfigurationError
from orchestrator.settings import Edge

by_format = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True
)


@click.group()
def schedule() -> None:
    """Sweep by the schedules of a fleet: cron with a time zone, each start once."""


@schedule.command()
@fleet_argument
@click.option("--once", is_flag=True, help="Begin what is due now, see it to its end, and leave.")
@click.option(
    "--window",
    metavar="K",
    type=click.IntRange(min=1),
    help="Keep at most K hosts at once, as `sweep --window` does.",
)
@click.option("--join", is_flag=True, help="Work on the fleet of this name that the collector knows.")
@click.option("--unverified", is_flag=True, help="Allow hosts at AWS that nobody can ask AWS about.")
@click.option(
    "--progress",
    type=click.Choice(("plain", "json", "quiet")),
    default="plain",
    show_default=True,
    help="How progress is shown on stderr; json: every event as a line on stdout.",
)
@click.pass_obj
def run(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    once: bool,
    window: int | None,
    join: bool,
    unverified: bool,
    progress: str,
) -> int:
    """Stay, and begin each sweep when it is due.

    SIGTERM leaves a sweep that is under way to the next `schedule run`; Ctrl-C drains and removes first.
    """
    from orchestrator.commands.choose_fleet import fleet_as_written
    from orchestrator.commands.scheduling import scheduler
    from orchestrator.commands.stage import stage

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    with stage(edge, command="schedule", progress=progress) as shown:
        read = fleet_as_written(asked, edge=edge)
        _check(read)
        return scheduler(
            asked,
            read,
            shown=shown,
            edge=edge,
            progress=progress,
            once=once,
            join=join,
            verified=not unverified,
            window=window,
        ).run()


@schedule.command("list")
@fleet_argument
@by_format
@click.pass_obj
def list_command(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    form: str,
) -> None:
    """Print the schedules of a fleet, and when each comes due next."""
    from orchestrator.commands.choose_fleet import fleet_as_written
    from orchestrator.show.schedule import schedules_answer

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    read = fleet_as_written(asked, edge=edge)
    _print(schedules_answer(read, now=edge.clock()), form=form, edge=edge)


@schedule.command("next")
@fleet_argument
@click.option("--count", type=click.IntRange(1, 1_000), default=10, show_default=True, help="How many.")
@by_format
@click.pass_obj
def next_command(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    count: int,
    form: str,
) -> None:
    """Print the next sweeps that are due, in local time and in UTC."""
    from orchestrator.commands.choose_fleet import fleet_as_written
    from orchestrator.show.schedule import next_answer

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    read = fleet_as_written(asked, edge=edge)
    _check(read)
    _print(next_answer(read, now=edge.clock(), count=count), form=form, edge=edge)


@schedule.command()
@fleet_argument
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How many.")
@by_format
@click.pass_obj
def history(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    limit: int,
    form: str,
) -> None:
    """Print what became of each sweep that was due: outcome, duration, cost, report."""
    from itertools import islice

    from orchestrator.commands.open_results import open_results
    from orchestrator.show.schedule import history_answer

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    with open_results(asked, edge=edge) as results:
        scheduled = (row for row in results.client.sweeps(fleet=results.fleet) if row["schedule_id"])
        rows = list(islice(scheduled, limit))
        url = results.client.url
    _print(history_answer(rows, url=url, now=edge.clock()), form=form, edge=edge)


@schedule.command()
@fleet_argument
@click.option(
    "--kind",
    type=click.Choice(["service", "timer"]),
    default="service",
    show_default=True,
    help="A service that stays, or a timer that looks each minute.",
)
@click.option("--user", metavar="NAME", help="Run as this user; without it systemd makes one.")
@click.option("--output", metavar="DIR", type=click.Path(file_okay=False), help="Write the units there.")
@click.pass_obj
def systemd(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    kind: str,
    user: str | None,
    output: str | None,
) -> None:
    """Print units for systemd that look after the schedules of a fleet."""
    from pathlib import Path

    from orchestrator.commands.choose_fleet import DEFAULT_FILE, TESTERS, fleet_as_written
    from orchestrator.places.files import write_whole
    from orchestrator.show.units import this_program, units_of

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    if fleet == "-":
        raise ConfigurationError("a service cannot read its fleet from stdin", next_step="name a file")
    read = fleet_as_written(asked, edge=edge)
    _check(read)
    words: list[str] = []
    if source == TESTERS or read.source.startswith("testers table"):
        words += ["--from", TESTERS, "--fleet", read.name]
    else:
        words.append(str((DEFAULT_FILE if fleet is None else Path(fleet)).absolute()))
    if profile is not None:
        words += ["--profile", profile]
    units = units_of(read, kind=kind, program=this_program(), words=words, user=user)
    if output is not None:
        Path(output).mkdir(parents=True, exist_ok=True)
    for name, text in units.items():
        if output is not None:
            path = Path(output) / name
            write_whole(path, text.encode())
            path.chmod(0o644)
            edge.stdout.write(f"{path}\n")
        else:
            edge.stdout.write(f"# /etc/systemd/system/{name}\n{text}\n")


def _check(fleet: Any) -> None:
    if not fleet.schedule:
        raise ConfigurationError(
            f"fleet {fleet.name!r} has no schedule",
            next_step='write one: schedule: [{name: nightly, cron: "0 3 * * *", timezone: Europe/Oslo}]',
        )
    if fleet.run.repeat is None:
        raise ConfigurationError(
            "a scheduled sweep needs runs that end",
            cause="with `run: forever` a sweep would be under way always",
            next_step="write `run: once` or {repeat: 12, every: 5m}",
        )


def _print(answer: Any, *, form: str, edge: Edge) -> None:
    import json
    import shutil

    from orchestrator.show.text_tables import answer_text

    if form == "json":
        edge.stdout.write(json.dumps(answer.data, indent=2) + "\n")
        return
    is_terminal = edge.stdout.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if is_terminal else 80
    edge.stdout.write(answer_text(answer, width=width, color=edge.settings.color and is_terminal))
