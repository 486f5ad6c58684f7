"""An SMTP server that keeps each letter as a file, by the library aiosmtpd.

  smtp_server.py FOLDER plain|starttls|smtps [CERTIFICATE KEY [NAME PASSWORD]]

It says "port N" once it listens. never@... is refused for good, later@... at the first try.
"""

import asyncio
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder, kind = sys.argv[1:3]
files, login = sys.argv[3:5], sys.argv[5:7]


class Keeper:
    def __init__(self):
        self.count = 0
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("never@"):
            return "550 5.1.1 nobody of this name"
        if address.startswith("later@") and address not in self.seen:
            self.seen.add(address)
            return "451 4.7.1 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        path = os.path.join(folder, "%06d" % self.count)
        head = "%s\n%s\n%s\n" % (
            " ".join(envelope.rcpt_tos), envelope.mail_from, "tls" if session.ssl else "plain")
        with open(path + ".part", "wb") as out:
            out.write(head.encode() + envelope.content)
        os.rename(path + ".part", path + ".letter")
        return "250 kept"


def may_enter(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    return AuthResult(success=given == login)


context = None
if files:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
keeper = Keeper()


def make():
    return SMTP(
        keeper,
        hostname="localhost",
        tls_context=context if kind == "starttls" else None,
        require_starttls=kind == "starttls",
        auth_required=bool(login),
        auth_require_tls=kind == "starttls",
        authenticator=may_enter if login else None,
    )


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
listening = loop.run_until_complete(
    loop.create_server(make, "127.0.0.1", 0, ssl=context if kind == "smtps" else None))
print("port", listening.sockets[0].getsockname()[1], flush=True)
loop.run_forever()
