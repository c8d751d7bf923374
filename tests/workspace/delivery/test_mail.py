"""Mail as files in a folder: whole or not at all, once a key, and no header that a text could make."""

from __future__ import annotations

import asyncio
import os
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.workspace.delivery.test_webhook import letter
from workspace.delivery.mail import MailDrop, compose
from workspace.errors import DeliveryFault
from workspace.intents.model.effects import Receiver

SENDER = Receiver("mail", "bot@example.org")


async def test_mail_is_one_whole_file_however_often(tmp_path: Path) -> None:
    drop = MailDrop(tmp_path / "deep" / "mail")
    mail = letter(Receiver("mail", "bot@example.org"), to="zoe@example.org", subject="Grüße", text="Hi\n😀")
    for _ in range(2):
        await drop.deliver(mail)
    (path,) = (tmp_path / "deep" / "mail").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert (message["To"], message["Subject"]) == ("zoe@example.org", "Grüße")
    assert message.get_content().splitlines() == ["Hi", "😀"]
    with pytest.raises(DeliveryFault):
        await drop.deliver(letter(Receiver("mail", "bot@example.org"), to="x@y", subject="a\nBcc: z@y", text=""))


@example(text="", subject="\r")
@given(
    text=st.text(st.characters(codec="utf-8"), max_size=200), subject=st.text(st.characters(codec="utf-8"), max_size=60)
)
def test_any_words_are_one_mail_to_the_one_who_was_named_or_none(text: str, subject: str) -> None:
    try:
        message = compose(letter(SENDER, to="zoe@example.org", subject=subject, text=text))
    except DeliveryFault:
        return
    read = message_from_bytes(message.as_bytes(), policy=default)
    assert read.get_all("to") == ["zoe@example.org"]
    assert read["bcc"] is None
    assert read["message-id"].strip() == message["message-id"]


async def test_many_at_once_with_one_key_leave_one_whole_file(tmp_path: Path) -> None:
    drop = MailDrop(tmp_path)
    mail = letter(SENDER, to="zoe@example.org", subject="s", text="x" * 100_000)
    await asyncio.gather(*(drop.deliver(mail) for _ in range(3)), return_exceptions=True)
    (name,) = [name for name in os.listdir(tmp_path) if name.endswith(".eml")]
    kept = message_from_bytes((tmp_path / name).read_bytes(), policy=default)
    assert len(kept.get_content().strip()) == 100_000


async def test_a_key_that_was_delivered_is_not_written_again(tmp_path: Path) -> None:
    name = await MailDrop(tmp_path).deliver(letter(SENDER, to="zoe@example.org", subject="s", text="first"))
    again = await MailDrop(tmp_path).deliver(letter(SENDER, to="zoe@example.org", subject="s", text="second"))
    assert again == f"{name} was there already"
    assert b"first" in (tmp_path / name).read_bytes()


async def test_a_half_written_file_of_a_dead_server_is_written_over(tmp_path: Path) -> None:
    mail = letter(SENDER, to="zoe@example.org", subject="s", text="whole")
    (tmp_path / f"{mail.key.removeprefix('sha256:')}.part").write_bytes(b"To: zo")
    name = await MailDrop(tmp_path).deliver(mail)
    assert os.listdir(tmp_path) == [name]
    assert b"whole" in (tmp_path / name).read_bytes()


async def test_a_folder_that_takes_nothing_is_worth_another_try(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DeliveryFault, match="takes nothing") as raised:
        await MailDrop(tmp_path / "file").deliver(letter(SENDER, to="z@example.org", subject="s", text="t"))
    assert raised.value.retry
