"""What the cloud says when it refuses a call: each service in its own words and its own format."""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

XML, JSON = "text/xml", "application/x-amz-json-1.1"
EC2_ERROR = """<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
<RequestID>bed</RequestID></Response>"""
STS_ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>\
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>bed</RequestId></ErrorResponse>"""
EXPIRED = "The security token included in the request is expired"
INVALID = "The security token included in the request is invalid."


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An error of the cloud."""

    code: str
    message: str
    status: int = 400

    def written(self, service: str) -> tuple[str, bytes]:
        """Return the content type and the body that a service answers with."""
        if service == "ec2":
            return XML, EC2_ERROR.format(code=self.code, message=escape(self.message)).encode()
        if service == "sts":
            return XML, STS_ERROR.format(code=self.code, message=escape(self.message)).encode()
        return JSON, json.dumps({"__type": self.code, "message": self.message}).encode()


def unknown_key(service: str) -> Refusal:
    """Refuse a key that nobody has, or one that is not good in this region."""
    if service == "ec2":
        return Refusal(
            code="AuthFailure",
            message="AWS was not able to validate the provided access credentials",
            status=401,
        )
    if service == "sts":
        return Refusal(code="InvalidClientTokenId", message=INVALID, status=403)
    return Refusal(code="UnrecognizedClientException", message=INVALID)


def expired_key(service: str, code: str | None) -> Refusal:
    """Refuse a key whose time is over; EC2 alone has a word of its own for it."""
    if code is not None:
        return Refusal(code=code, message=EXPIRED, status=403 if service == "sts" else 400)
    if service == "ec2":
        return Refusal(code="RequestExpired", message="Request has expired.")
    if service == "sts":
        return Refusal(code="ExpiredToken", message=EXPIRED, status=403)
    return Refusal(code="ExpiredTokenException", message=EXPIRED)


def forbidden(service: str, operation: str, arn: str) -> Refusal:
    """Refuse a call that no policy allows."""
    action = f"{service}:{operation}"
    who = f"User: {arn} is not authorized to perform: {action}"
    why = f"because no identity-based policy allows the {action} action"
    if service == "ec2":
        message = f"You are not authorized to perform this operation. {who} {why}"
        return Refusal(code="UnauthorizedOperation", message=message, status=403)
    if service == "sts":
        return Refusal(code="AccessDenied", message=f"{who} on resource: * {why}", status=403)
    return Refusal(code="AccessDeniedException", message=f"{who} on resource: * {why}")
