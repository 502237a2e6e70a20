"""What mail servers send back about messages that left comes in by a command, as a mail server's pipe calls it."""

import subprocess
import threading

import pytest

from harness import House, Server, wait_until
from mail_server import MailServer
from test_outreach import OFFER, TEMPLATE, customer, house_with, post, settings, state_of
from test_unsubscribe import MARKETING, agree, offer, reader, said

BOUNCES = 'security = "none"\nbounces = "bounces@mail.example.com"\n'
TRY_LATER = 75


@pytest.fixture
def house(make_house, storage, mail_server):
    return house_with(make_house, storage + settings(mail_server.port, BOUNCES))


def report(action: str = "failed", status: str = "5.1.1",
           diagnosis: str = "550 5.1.1 <anna@example.org> nobody") -> str:
    return ("From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\nTo: someone@mail.example.com\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n'
            "--b\r\nContent-Type: text/plain\r\n\r\nCould not be delivered to anna@example.org.\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
            f"Final-Recipient: rfc822; anna@example.org\r\nAction: {action}\r\nStatus: {status}\r\n"
            f"Diagnostic-Code: smtp; {diagnosis}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
            "Subject: Your parcel\r\n\r\nIt is here.\r\n--b--\r\n")


def complaint(sender: str) -> str:
    return ("From: feedback@provider.example\r\nTo: abuse@mail.example.com\r\n"
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
            f"User-Agent: x\r\nOriginal-Mail-From: <{sender}>\r\n--b--\r\n")


def pipe(house: House, text: str, *words: str) -> subprocess.CompletedProcess:
    """As a mail server does it: the message on standard input."""
    return subprocess.run(house.arguments("bounce", *words, "--format", "json"), input=text, text=True,
                          capture_output=True, timeout=60)


def take(house: House, text: str, *words: str) -> str:
    finished = pipe(house, text, *words)
    assert finished.returncode == 0, finished.stderr
    assert "anna" not in finished.stdout + finished.stderr
    return finished.stdout.strip()


def parcel(server: Server, to: str) -> dict:
    return post(server, "/api/v1/messages", {"customer": to, "template": "parcel", "parameters": {"name": "Anna"}})


def sent(server: Server, mail_server: MailServer, to: str) -> tuple[dict, str]:
    """A message to Anna that left, and its envelope sender."""
    decided = parcel(server, to)
    assert decided["outcome"] == "queued", decided
    wait_until(lambda: state_of(server, decided["message"])["state"] == "sent")
    return decided["message"], mail_server.sender_to("anna@example.org")


def test_what_comes_back_is_in_the_trace_and_the_address_is_not_written_to_again(house, mail_server):
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "anna@example.org")
        message, sender = sent(server, mail_server, anna)
        assert sender.startswith("bounces+") and sender.endswith("@mail.example.com")
        assert take(house, report("delayed", "4.4.1", "no answer"), "--address", sender) == '{"outcome":"done"}'
        assert state_of(server, message)["state"] == "sent"
        # A letter of a tag changed, somebody else's house, no tag at all: nothing.
        last = sender.index("@") - 1
        forged = sender[:last] + ("1" if sender[last] == "0" else "0") + sender[last + 1:]
        swapped = sender.replace("bounces+0", "bounces+1", 1)
        for bad in (forged, swapped, "bounces+00@mail.example.com", "shop@example.com", "x" * 400):
            assert take(house, report(), "--address", bad) == '{"outcome":"unknown"}'
        vacation = f"To: {sender}\r\nAuto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nUndelivered, 550 5.1.1\r\n"
        assert take(house, vacation, "--address", sender) == '{"outcome":"ignored"}'
        assert take(house, "", "--address", sender) == '{"outcome":"ignored"}'
        assert state_of(server, message)["state"] == "sent"

        assert take(house, report(), "--address", sender) == '{"outcome":"done"}'
        assert take(house, report(), "--address", sender.upper()) == '{"outcome":"known"}'
        back = state_of(server, message)
        assert back["state"] == "bounced"
        assert [step["what"] for step in back["trace"]] == ["queued", "sent", "delayed", "bounced"]
        step = back["trace"][-1]
        assert (step["answer_code"], step["answer_status"]) == (550, "5.1.1")
        assert [reason["name"] for reason in step["reasons"]] == ["mailbox_unknown"]
        assert [each["id"] for each in server.read("/api/v1/messages?state=bounced")["items"]] == [message["id"]]
        denied = parcel(server, anna)
        assert denied["outcome"] == "denied"
        assert [reason["name"] for reason in denied["message"]["trace"][0]["reasons"]] == ["unreachable"]
        metrics = server.get("/metrics").text
        assert 'handschlag_outreach_reports_total{outcome="done"} 2' in metrics
        assert 'handschlag_outreach_reports_total{outcome="unknown"} 5' in metrics
    log = house.log.read_text()
    assert "anna@" not in log and sender.split("+")[1].split("@")[0] not in log


def test_the_mail_server_is_told_to_try_again_while_no_server_runs(house, mail_server):
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "anna@example.org")
        message, sender = sent(server, mail_server, anna)
    finished = pipe(house, report(), "--address", sender)
    assert finished.returncode == TRY_LATER and "no server runs" in finished.stderr
    with house.serve() as server:
        # What follows the report is long; the tag alone is enough.
        tag = sender.split("+")[1].split("@")[0]
        assert take(house, report() + "x" * 3_000_000, "--address", tag) == '{"outcome":"done"}'
        assert state_of(server, message)["state"] == "bounced"


def test_many_at_once_are_taken_or_come_again(house, mail_server):
    with house.serve() as server:
        post(server, "/api/v1/templates", TEMPLATE)
        anna = customer(server, house, "anna", "anna@example.org")
        message, sender = sent(server, mail_server, anna)
        ended: list[tuple[int, str]] = []

        def one():
            finished = pipe(house, report(), "--address", sender)
            ended.append((finished.returncode, finished.stdout.strip()))

        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes = [outcome for code, outcome in ended if code == 0]
        assert all(code in (0, TRY_LATER) for code, _ in ended)
        assert outcomes.count('{"outcome":"done"}') == 1
        steps = [step["what"] for step in state_of(server, message)["trace"]]
        assert steps.count("bounced") == 1


def test_a_complaint_ends_advertising_as_one_click_does(make_house, storage, mail_server):
    house = make_house(storage + settings(mail_server.port, BOUNCES))
    house.crm = house.add_source("crm", touchpoint="branch", purposes=("CustomerCare:A6-1-b", MARKETING),
                                 more=("--consent-category", "letters=DirectMarketing"))
    with house.serve() as server:
        post(server, "/api/v1/templates", OFFER)
        anna = reader(server, house)
        agree(server, anna)
        decided = offer(server, anna)
        wait_until(lambda: state_of(server, decided["message"])["state"] == "sent")
        sender = mail_server.sender_to("anna@example.org")
        assert take(house, complaint(sender[::-1])) == '{"outcome":"unknown"}'
        assert said(server, anna) == [("given", "phone")]
        assert take(house, complaint(sender)) == '{"outcome":"done"}'
        assert take(house, complaint(sender)) == '{"outcome":"known"}'
        assert said(server, anna) == [("withdrawn", "message"), ("given", "phone")]
        assert state_of(server, decided["message"])["trace"][-1]["what"] == "complained"
        denied = offer(server, anna)
        assert "consent_refused" in [each["name"] for each in denied["message"]["trace"][0]["reasons"]]
