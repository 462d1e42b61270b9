"""Messages to the outside: addresses that may be called, signatures, and each way of telling an event."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import smtplib
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import httpx

from modelyard.domain.errors import InvalidInput
from modelyard.kinds.subscription import EmailTarget, SlackTarget, WebhookTarget

SIGNATURE_HEADER = "Modelyard-Signature"
TIMESTAMP_HEADER = "Modelyard-Timestamp"
TIMEOUT_SECONDS = 10.0
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Answer:
    """What came of telling an event."""

    delivered: bool
    code: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Outgoing:
    """`allow_private`: whether addresses of this machine and its networks may be called."""

    allow_private: bool = False

    def check(self, target: WebhookTarget | SlackTarget | EmailTarget) -> None:
        """InvalidInput for a target in a network that must not be called. A name that is not known yet passes."""
        if isinstance(target, EmailTarget):
            return
        host = str(urlsplit(target.url).hostname)
        try:
            self._address(host, _port(target.url))
        except OSError:
            return

    def tell(self, target: Mapping[str, Any], secret: str | None, event: Mapping[str, Any]) -> Answer:
        """Tell one event. Never raises for what the outside does."""
        try:
            if target.get("type") == "email":
                return _mail(EmailTarget.from_stored(target), secret, event)
            if target.get("type") == "slack":
                return self._post(str(target["url"]), {}, json.dumps({"text": line(event)}).encode())
            return self._webhook(WebhookTarget.from_stored(target), secret, event)
        except (OSError, httpx.HTTPError, smtplib.SMTPException) as error:
            return Answer(False, reason=f"{type(error).__name__}: {error}"[:_LONGEST_REASON])
        except InvalidInput as error:
            return Answer(False, reason=error.message)

    def _webhook(self, target: WebhookTarget, secret: str | None, event: Mapping[str, Any]) -> Answer:
        body = json.dumps(event, separators=(",", ":")).encode()
        headers = dict(target.headers)
        if secret is not None:
            moment = str(int(time.time()))
            headers |= {TIMESTAMP_HEADER: moment, SIGNATURE_HEADER: signature(secret, moment, body)}
        return self._post(target.url, {"content-type": "application/cloudevents+json", **headers}, body)

    def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One POST to the address that was checked: a name cannot mean another place a moment later."""
        parts = urlsplit(url)
        host = str(parts.hostname)
        address = self._address(host, _port(url))
        place = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{place}:{_port(url)}").geturl()
        own = {"content-type": "application/json", **headers, "host": parts.netloc}
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client:
            answer = client.post(target, content=body, headers=own, extensions={"sni_hostname": host})
        if answer.is_success:
            return Answer(True, answer.status_code)
        return Answer(False, answer.status_code, f"the receiver answered {answer.status_code}")

    def _address(self, host: str, port: int) -> str:
        """An address of `host`; InvalidInput when one of its addresses must not be called."""
        found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if not self.allow_private and not ipaddress.ip_address(address).is_global:
                raise InvalidInput(
                    f"'{host}' is {address}, an address of this machine or of a private network.",
                    field="target.url",
                    mend="start the server with MODELYARD_ALLOW_PRIVATE_WEBHOOKS=true where that is wanted",
                )
        return str(found[0])


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the HMAC-SHA256, in hex, of the timestamp, a point and the body."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def line(event: Mapping[str, Any]) -> str:
    """An event in one line for people."""
    facts = ", ".join(f"{key} {value}" for key, value in (event.get("data") or {}).items())
    return f"{event.get('type')} {event.get('subject')}" + (f" ({facts})" if facts else "")


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _mail(target: EmailTarget, secret: str | None, event: Mapping[str, Any]) -> Answer:
    message = EmailMessage()
    message["Subject"] = line(event)[:200].replace("\n", " ")
    message["From"] = target.sender
    message["To"] = ", ".join(target.to)
    message["Message-ID"] = f"<modelyard-event-{event.get('id')}@{target.sender.rpartition('@')[2]}>"
    message.set_content(json.dumps(event, indent=2))
    with smtplib.SMTP(target.host, target.port, timeout=TIMEOUT_SECONDS) as server:
        if target.tls:
            server.starttls()
        if target.user:
            server.login(target.user, secret or "")
        server.send_message(message)
    return Answer(True)
