"""The cloud's front: every call passes here, may meet a fault, and is recorded."""

import io
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.end_to_end.bed.cloud.faults import Fault, Faults
from tests.end_to_end.bed.cloud.instances import EC2, MOTO, Instances
from tests.end_to_end.bed.cloud.parameters import answer_to
from tests.end_to_end.bed.cloud.wording import reworded
from tests.end_to_end.bed.environment import ACCESS_KEY
from tests.end_to_end.bed.record import Record

NOTED = ("InstanceId.1", "KeyName", "GroupName", "GroupId", "InstanceType", "ImageId", "UserId")
Environ = dict[str, Any]
Start = Callable[..., Any]

ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
<RequestID>bed</RequestID></Response>"""
# moto says that there is no default VPC, though it makes one for each region.
ATTRIBUTES = """<?xml version="1.0" encoding="UTF-8"?>
<DescribeAccountAttributesResponse><accountAttributeSet><item><attributeName>default-vpc</attributeName>\
<attributeValueSet><item><attributeValue>{vpc}</attributeValue></item></attributeValueSet></item>\
</accountAttributeSet></DescribeAccountAttributesResponse>"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is read of a request before moto sees it."""

    operation: str
    service: str
    region: str
    access_key: str
    form: dict[str, str]
    body: bytes

    @property
    def zone(self) -> str | None:
        """The zone that RunInstances asks for, directly or by its subnet."""
        for name in ("Placement.AvailabilityZone", "LaunchSpecification.Placement.AvailabilityZone"):
            if name in self.form:
                return self.form[name]
        for name, value in self.form.items():
            if name.endswith("SubnetId") and self.operation in ("RunInstances", "RequestSpotInstances"):
                subnets = [zones[value] for zones in EC2[self.region].subnets.values() if value in zones]
                return subnets[0].availability_zone if subnets else None
        return None


class Front:
    """A WSGI application in front of moto's."""

    def __init__(self, *, faults: Faults, instances: Instances, record: Record) -> None:
        self._faults = faults
        self._instances = instances
        self._record = record
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one call."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        call = _read(environ, body)
        form = reworded(call.form)
        if form != call.form:
            body = urlencode(form).encode()
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        status, answer = self._answer(call, environ, start)
        code = re.search(rb"<Code>([^<]+)</Code>", answer) if status >= 400 else None
        self._record.add(
            call=call.operation,
            service=call.service,
            region=call.region,
            status=status,
            **({"code": code[1].decode()} if code else {}),
            **{name: call.form[name] for name in NOTED if name in call.form},
        )
        return [answer]

    def _answer(self, call: Call, environ: Environ, start: Start) -> tuple[int, bytes]:
        if call.access_key != ACCESS_KEY and not call.access_key.startswith("ASIA"):
            refused = Fault(operation=call.operation, code="AuthFailure", status=401)
            return _refuse(refused, "AWS was not able to validate the provided access credentials", start)
        fault = self._faults.take(call.operation, call.region, call.zone)
        if fault is not None:
            # Noted before it is carried out: wrapper.py kills docker-machine here, its call in flight.
            self._record.add(met=call.operation, region=call.region, key=call.form.get("KeyName"))
            time.sleep(fault.delay_s)
            if fault.code is not None:
                if fault.lost:
                    self._pass_on(call, environ, lambda *_: None)
                return _refuse(fault, "the bed was told to refuse this", start)
        if call.operation == "DescribeAccountAttributes":
            vpc = EC2[call.region].get_default_vpc()
            start("200 OK", [("Content-Type", "text/xml")])
            return 200, ATTRIBUTES.format(vpc=vpc.id if vpc else "none").encode()
        if call.service == "ssm":
            parameters = answer_to(call.operation, call.body, backend=EC2[call.region])
            if parameters is not None:
                start("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
                return 200, json.dumps(parameters).encode()
        return self._pass_on(call, environ, start)

    def _pass_on(self, call: Call, environ: Environ, start: Start) -> tuple[int, bytes]:
        seen: list[int] = []

        def note(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen.append(int(line.split()[0]))
            return start(line, headers, *more)

        with MOTO:
            answer = b"".join(self._moto(environ, note))
        if call.service == "ec2" and not call.operation.startswith("Describe"):
            self._instances.refresh(call.region)
        return seen[0], answer


def _refuse(fault: Fault, message: str, start: Start) -> tuple[int, bytes]:
    start(f"{fault.status} Refused", [("Content-Type", "text/xml")])
    return fault.status, ERROR.format(code=fault.code, message=message).encode()


def _read(environ: Environ, body: bytes) -> Call:
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = signed.groups() if signed else ("", "", "")
    operation = form.get("Action") or environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or "?"
    return Call(operation=operation, service=service, region=region, access_key=key, form=form, body=body)
