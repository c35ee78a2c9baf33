"""`orchestrate check`: what holds, and everything that `up` would refuse."""

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.settings import Edge


@click.command()
@fleet_argument
@click.option("--offline", is_flag=True, help="Ask no collector and no cloud, and look for no keys.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How the configuration is printed.",
)
@click.option("--unverified", is_flag=True, help="Allow hosts at AWS that nobody can ask AWS about.")
@click.option(
    "--progress",
    type=click.Choice(("auto", "tty", "plain", "json", "quiet")),
    default="auto",
    show_default=True,
    help="How progress is shown on stderr; json: every event as a line on stdout.",
)
@click.pass_obj
def check(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    offline: bool,
    form: str,
    unverified: bool,
    progress: str,
) -> int:
    """Print the configuration that holds, and say everything that `up` would refuse; create nothing.

    Each value stands with where it comes from: file and line, template, profile, fleet.local.yaml,
    testers table, environment, or default. Secrets are hidden.
    """
    import json

    from orchestrator.act.access import remote_access
    from orchestrator.act.check import Check, checks
    from orchestrator.act.configuration import configuration
    from orchestrator.act.register import check_name
    from orchestrator.act.state import state_of
    from orchestrator.commands.choose_fleet import TESTERS, expanded, fleet_with_origins, record_of
    from orchestrator.commands.measuring import failed_check, fleet_read, left_out, tell_passed
    from orchestrator.commands.stage import stage
    from orchestrator.errors import OrchestratorError
    from orchestrator.show.configuration import configuration_data, configuration_text

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    with stage(edge, command="check", progress=progress) as shown:
        written, origins = fleet_with_origins(asked, edge=edge)
        # `regions: all` is asked of an account.
        wanted = written if offline else expanded(written, edge=edge)
        state = state_of(wanted.name, state_dir=edge.settings.state_dir)
        shown.emit(fleet_read(wanted, edge=edge))
        settings = configuration(wanted, origins, edge=edge)
        data = configuration_data(settings, fleet=wanted.name, source=wanted.source)
        if form == "json":
            shown.answer(json.dumps(data, indent=2))
        else:
            shown.answer(configuration_text(settings, width=shown.width))
        access = remote_access(wanted, settings=edge.settings, environment=edge.environment)
        items = list(
            checks(wanted, state=state, access=access, offline=offline, verified=not unverified, edge=edge)
        )
        if access is not None and not offline:
            record = record_of(state, edge=edge) if state.exists else None
            from_table = source == TESTERS or wanted.source.startswith("testers table")
            items.append(
                Check(
                    what="name",
                    look=lambda: check_name(wanted, record, access=access, from_table=from_table),
                )
            )
        code = 3 if wanted.left_out else 0
        for event in left_out(wanted, now=edge.clock()):
            shown.emit(event)
        for item in items:
            try:
                detail = item.look()
            except OrchestratorError as error:
                # Somebody who asks for a check wants to hear of everything at once.
                code = max(code, error.exit_code)
                shown.emit(failed_check(item.what, error, now=edge.clock()))
                shown.note_failure(item.what, error)
            else:
                tell_passed(item, detail, stage=shown)
        said = {0: "nothing to refuse", 3: f"nothing to refuse, but {len(wanted.left_out)} rows are left out"}
        summary = f"{wanted.name}: {said.get(code, 'refused')}"
        return shown.end(code, summary=summary, data={"configuration": data})
