"""Calls that moto understands only in other words."""

INTERFACE = "LaunchSpecification.NetworkInterface.1."
ON_SHUTDOWN = "InstanceInitiatedShutdownBehavior"


def reworded(form: dict[str, str]) -> dict[str, str]:
    """Return a call's form with what moto would not read put where it reads it."""
    action = form.get("Action")
    if action == "RequestSpotInstances":
        return form | _spot(form)
    if action == "ModifyInstanceAttribute" and f"{ON_SHUTDOWN}.Value" in form:
        # moto would take this for a call that removes all groups.
        behavior = {
            "Attribute": ON_SHUTDOWN[0].lower() + ON_SHUTDOWN[1:],
            "Value": form[f"{ON_SHUTDOWN}.Value"],
        }
        return {name: value for name, value in form.items() if not name.startswith(ON_SHUTDOWN)} | behavior
    return form


def _spot(form: dict[str, str]) -> dict[str, str]:
    """Groups and subnet: docker-machine names them at the interface, moto reads them beside it."""
    added = {}
    if f"{INTERFACE}SubnetId" in form:
        added["LaunchSpecification.SubnetId"] = form[f"{INTERFACE}SubnetId"]
    for name, value in form.items():
        if name.startswith(f"{INTERFACE}SecurityGroupId."):
            added[f"LaunchSpecification.SecurityGroup.{name.rpartition('.')[2]}"] = value
    return added
