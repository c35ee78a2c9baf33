"""The cloud's front: every call passes here, may be refused or meet a fault, and is recorded."""

import io
import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.end_to_end.bed.cloud import answers, launches, refusals, spot
from tests.end_to_end.bed.cloud.account import Account
from tests.end_to_end.bed.cloud.faults import Fault, Faults
from tests.end_to_end.bed.cloud.instances import EC2, MOTO, Instances
from tests.end_to_end.bed.cloud.keyring import Standing
from tests.end_to_end.bed.cloud.refusals import Refusal
from tests.end_to_end.bed.cloud.wording import reworded
from tests.end_to_end.bed.record import Record

NOTED = ("InstanceId.1", "KeyName", "GroupName", "GroupId", "InstanceType", "ImageId", "UserId")
LAUNCHES = ("RunInstances", "RequestSpotInstances")
CODE = re.compile(rb'<Code>([^<]+)</Code>|"__type": ?"([^"]+)"')
FULFIL_S = 0.5
Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is read of a request before moto sees it."""

    operation: str
    service: str
    region: str
    access_key: str
    token: str | None
    form: dict[str, str]
    body: bytes

    @property
    def zone(self) -> str | None:
        """The zone that RunInstances asks for, directly or by its subnet."""
        for name in ("Placement.AvailabilityZone", "LaunchSpecification.Placement.AvailabilityZone"):
            if name in self.form:
                return self.form[name]
        for name, value in self.form.items():
            if name.endswith("SubnetId") and self.operation in LAUNCHES:
                subnets = [zones[value] for zones in EC2[self.region].subnets.values() if value in zones]
                return subnets[0].availability_zone if subnets else None
        return None


class Front:
    """A WSGI application in front of moto's."""

    def __init__(self, *, account: Account, faults: Faults, instances: Instances, record: Record) -> None:
        self._account = account
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
        code = CODE.search(answer) if status >= 400 else None
        self._record.add(
            call=call.operation,
            service=call.service,
            region=call.region,
            status=status,
            access_key=call.access_key,
            **({"code": (code[1] or code[2]).decode()} if code else {}),
            **{name: call.form[name] for name in NOTED if name in call.form},
        )
        return [answer]

    def _answer(self, call: Call, environ: Environ, start: Start) -> tuple[int, bytes]:
        if (refused := self._barred(call)) is not None:
            return _refuse(refused, call, start)
        fault = self._faults.take(call.operation, call.region, call.zone)
        if fault is not None:
            # Noted before it is carried out: wrapper.py kills docker-machine here, its call in flight.
            self._record.add(met=call.operation, region=call.region, key=call.form.get("KeyName"))
            time.sleep(fault.delay_s)
            if fault.code is not None:
                if fault.lost:
                    self._pass_on(call, environ, lambda *_: None)
                return _refuse(_as_told(fault), call, start)
        answer = self._own(call)
        if isinstance(answer, Refusal):
            return _refuse(answer, call, start)
        if answer is not None:
            start("200 OK", [("Content-Type", answer[0])])
            return 200, answer[1]
        return self._pass_on(call, environ, start)

    def _barred(self, call: Call) -> Refusal | None:
        """Return why this key may not make this call here."""
        standing = self._account.keys.standing(call.access_key, call.token)
        if standing is Standing.EXPIRED:
            return refusals.expired_key(call.service, self._account.expired_code)
        if standing is Standing.UNKNOWN or not self._account.is_on(call.region):
            return refusals.unknown_key(call.service)
        if self._account.forbids(f"{call.service}:{call.operation}", call.region):
            return refusals.forbidden(call.service, call.operation, self._account.keys.arn(call.access_key))
        return None

    def _own(self, call: Call) -> answers.Answer | Refusal | None:
        """Return what the bed answers without moto."""
        backend = EC2[call.region]
        with MOTO:
            if call.operation in LAUNCHES:
                return launches.refusal(
                    call.operation, call.form, zone=call.zone, backend=backend, account=self._account
                )
            return answers.answer_to(
                call.service,
                call.operation,
                region=call.region,
                form=call.form,
                body=call.body,
                access_key=call.access_key,
                account=self._account,
                backend=backend,
            )

    def _pass_on(self, call: Call, environ: Environ, start: Start) -> tuple[int, bytes]:
        seen: list[int] = []

        def note(line: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            seen.append(int(line.split()[0]))
            return start(line, headers, *more)

        with MOTO:
            if call.operation == "DescribeSpotInstanceRequests":
                self._settle(call.region)
            answer = b"".join(self._moto(environ, note))
        if call.operation == "RequestSpotInstances":
            # Also when nobody asks what became of it.
            threading.Timer(FULFIL_S, self._settle, [call.region]).start()
        if call.service == "ec2" and not call.operation.startswith("Describe"):
            self._instances.refresh(call.region)
        return seen[0], answer

    def _settle(self, region: str) -> None:
        with MOTO:
            spot.settle(EC2[region], self._account)


def _refuse(refusal: Refusal, call: Call, start: Start) -> tuple[int, bytes]:
    kind, body = refusal.written(call.service)
    start(f"{refusal.status} Refused", [("Content-Type", kind)])
    return refusal.status, body


def _as_told(fault: Fault) -> Refusal:
    return Refusal(code=str(fault.code), message="the bed was told to refuse this", status=fault.status)


def _read(environ: Environ, body: bytes) -> Call:
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
    key, region, service = signed.groups() if signed else ("", "", "")
    operation = form.get("Action") or environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or "?"
    return Call(
        operation=operation,
        service=service,
        region=region,
        access_key=key,
        token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
        form=form,
        body=body,
    )
