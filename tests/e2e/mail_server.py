"""A real mail server with a mailbox for the tests: aiosmtpd on a free port, which keeps what it takes in a Maildir."""

import mailbox
import threading
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import AuthResult


class _Handler(Mailbox):
    def __init__(self, folder: Path, refusals: dict[str, str]):
        super().__init__(str(folder))
        self.refusals = refusals
        self.refused = 0
        self.senders: dict[str, str] = {}
        self.arrived = threading.Event()

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address in self.refusals:
            self.refused += 1
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.senders[str(envelope.rcpt_tos[0]).lower()] = str(envelope.mail_from)
        answer = await super().handle_DATA(server, session, envelope)
        self.arrived.set()
        return answer


class _Controller(Controller):
    """On a port of the system's choice, which aiosmtpd asks itself for once it stands."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """With `tls`, a context: STARTTLS and a login are demanded."""

    def __init__(self, folder: Path, tls=None, login: tuple[str, str] | None = None):
        self.folder = folder
        self.refusals: dict[str, str] = {}
        self._handler = _Handler(folder, self.refusals)

        def authenticate(_server, _session, _envelope, _mechanism, data):
            given = (data.login.decode(), data.password.decode())
            return AuthResult(success=given == login)

        self._controller = _Controller(self._handler, hostname="127.0.0.1", port=0, tls_context=tls,
                                       require_starttls=tls is not None, auth_required=login is not None,
                                       authenticator=authenticate if login else None)
        self._controller.start()
        self.port = self._controller.port

    def settings(self) -> str:
        """Those by which a house sends its mail here."""
        return (f'[outbound]\ninternal_networks = ["127.0.0.1"]\n[mail]\nhost = "localhost"\nport = {self.port}\n'
                'sender_name = "Shop"\nsender_address = "shop@example.com"\nbase_url = "https://shop.example"\n'
                'security = "none"\n')

    def to(self, address: str) -> list:
        return [message for message in self.messages() if message["To"].lower() == address]

    def sender_to(self, address: str) -> str:
        """The envelope sender of the last message to an address: where it goes if it can't be delivered."""
        return self._handler.senders[address]

    @property
    def refused(self) -> int:
        return self._handler.refused

    def messages(self) -> list:
        return sorted(mailbox.Maildir(self.folder), key=lambda message: message["Date"] or "")

    def close(self):
        self._controller.stop()
