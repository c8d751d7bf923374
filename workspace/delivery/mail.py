"""Mail as files in a folder, for whatever delivers them: one message a file, named by its key: twice is once."""

from __future__ import annotations

import asyncio
import os
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from workspace.errors import DeliveryFault
from workspace.ports import Delivery


class MailDrop:
    """`workspace.ports.EffectSender` that writes `KEY.eml` (RFC 5322) into a folder; complete or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, delivery: Delivery) -> str:
        """Write the message; the same key again changes nothing. Raises `DeliveryFault`."""
        message = compose(delivery)
        return await asyncio.to_thread(self._write, delivery.key, message.as_bytes(policy=SMTP))

    def _write(self, key: str, content: bytes) -> str:
        name = f"{key.removeprefix('sha256:')}.eml"
        assert "/" not in name, "a key is a hash, and names one file in the folder"
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                return f"{name} was there already"
            half = path.with_suffix(".part")
            with half.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A name appears with the whole file behind it; unless the folder is synced, a crash may take the name back.
            half.rename(path)
            folder = os.open(self._folder, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise DeliveryFault(f"the mail folder takes nothing: {error.strerror}", retry=True) from error
        return name


def compose(delivery: Delivery) -> EmailMessage:
    """Return the message of a delivery. Raises `DeliveryFault` for what no header may hold."""
    args, message = delivery.effect.args, EmailMessage(policy=SMTP)
    # The library refuses some ends of a line in a header; others end the header for whoever reads it.
    if len(f"{args.get('subject', '')}|".splitlines()) > 1:
        raise DeliveryFault("this is no mail: a subject is one line")
    try:
        message["From"] = delivery.receiver.address
        message["To"] = str(args["to"])
        message["Subject"] = str(args["subject"])
        message["Message-ID"] = f"<{delivery.key.removeprefix('sha256:')}@folkmoot>"
        message["X-Folkmoot"] = f"{delivery.ws} {delivery.commit}"
        message.set_content(str(args["text"]))
    except (KeyError, ValueError) as error:
        raise DeliveryFault(f"this is no mail: {error}") from error
    return message
