"""Nothing accepted is lost, nothing is doubled: load, kill -9 at a random moment, restart, many times over.

Many clients send batches and single events, each knows what was acknowledged. After every restart all acknowledged
events are there once; those without an answer are there once or not at all, and exactly once after the client has sent
them again.
"""

import random
import subprocess
import threading
import time
from collections import Counter

import pytest
import requests

from harness import House, Sender, Server, now, track

CLIENTS = 8
USERS_PER_CLIENT = 5
LARGEST_BATCH = 40


class Client:
    """Sends events of its own users until it is told to stop or the server is gone, and keeps account of them."""

    def __init__(self, number: int, seed: int):
        self.number = number
        self.random = random.Random(seed)
        self.sent = 0
        self.acknowledged: dict[str, set[int]] = {}  # user → numbers of events
        self.unanswered: list[list[dict]] = []  # requests that may or may not have been stored
        self.refused: list[str] = []

    def make_request(self) -> list[dict]:
        size = self.random.choice((1, 1, 2, 10, LARGEST_BATCH))
        events = []
        for _ in range(size):
            self.sent += 1
            user = f"user-{self.number}-{self.random.randrange(USERS_PER_CLIENT)}"
            events.append(track(user, "Loaded", number=self.sent, filling="x" * self.random.randrange(300)))
        return events

    def send(self, sender: Sender, events: list[dict]) -> bool:
        """Whether the server still answers."""
        try:
            answer = sender.single(events[0]) if len(events) == 1 else sender.batch(events)
        except requests.RequestException:
            self.unanswered.append(events)
            return False
        if answer.status_code == 503:
            self.unanswered.append(events)
            return True
        if answer.status_code != 200 or answer.json().get("rejected"):
            self.refused.append(f"{answer.status_code} {answer.text[:300]}")
        for sent in events:
            self.acknowledged.setdefault(sent["userId"], set()).add(sent["properties"]["number"])
        return True

    def run(self, server_url: str, write_key: str, stop: threading.Event):
        sender = Sender(server_url, write_key)
        while not stop.is_set() and self.send(sender, self.make_request()):
            pass

    def retry(self, sender: Sender):
        """Sends again, under the same messageIds and times, what was not answered."""
        waiting, self.unanswered = self.unanswered, []
        for events in waiting:
            assert self.send(sender, events), "the restarted server does not answer"


def stored_numbers(server: Server, user: str) -> Counter:
    return Counter(item_number(item) for item in server.timeline(f"user_id:{user}"))


def item_number(item: dict) -> int:
    return item["properties"]["number"]


def check(server: Server, client: Client, complete: bool):
    """Compares what is stored with the client's account. `complete`: nothing is in doubt any more."""
    assert not client.refused, client.refused[:3]
    doubtful = {event["properties"]["number"] for events in client.unanswered for event in events}
    for number in range(USERS_PER_CLIENT):
        user = f"user-{client.number}-{number}"
        acknowledged = client.acknowledged.get(user, set())
        stored = stored_numbers(server, user)
        twice = {number for number, times in stored.items() if times > 1}
        assert not twice, f"{user}: {len(twice)} events are there more than once: {sorted(twice)[:10]}"
        lost = acknowledged - stored.keys()
        assert not lost, f"{user}: {len(lost)} of {len(acknowledged)} acknowledged events are lost: {sorted(lost)[:10]}"
        unknown = stored.keys() - acknowledged - (set() if complete else doubtful)
        assert not unknown, f"{user}: nobody sent {sorted(unknown)[:10]}"


def load_and_kill(server: Server, clients: list[Client], write_key: str, seconds: float):
    stop = threading.Event()
    threads = [threading.Thread(target=client.run, args=(server.url, write_key, stop)) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()


def restart(house: House, chance: random.Random, port: int) -> Server:
    """Starts again, at times killed once more right after the start, in the middle of its recovery."""
    if chance.random() < 0.3:
        starting = house.popen("serve", "--listen", f"127.0.0.1:{port}", stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.3))
        starting.kill()
        starting.wait()
    return house.serve(port)


def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(make_house, storage, request):
    rounds, seed = request.config.getoption("--rounds"), request.config.getoption("--seed")
    chance = random.Random(seed)
    house = make_house(storage)
    shop = house.add_source("shop")
    clients = [Client(number, seed + number) for number in range(CLIENTS)]
    server = house.serve()
    for round_number in range(rounds):
        load_and_kill(server, clients, shop.write_key, chance.uniform(0.05, 1.2))
        server = restart(house, chance, server.port)
        looked_at = chance.sample(clients, 2)
        for client in looked_at:
            check(server, client, complete=False)
        for client in clients:
            client.retry(server.sender(shop))
        for client in looked_at:
            check(server, client, complete=True)
    for client in clients:
        check(server, client, complete=True)
    server.stop()
    acknowledged = sum(len(numbers) for client in clients for numbers in client.acknowledged.values())
    print(f"{rounds} rounds of kill -9: {acknowledged} acknowledged events, none lost, none doubled")
    assert acknowledged > 50 * rounds, "the load was too light to prove anything"


def test_graceful_stop_answers_what_it_accepted(make_house, storage, request):
    """SIGTERM under load: whoever got no answer was not taken in at all, or is known to be so after the retry."""
    house = make_house(storage)
    shop = house.add_source("shop")
    clients = [Client(number, request.config.getoption("--seed") + number) for number in range(CLIENTS)]
    server = house.serve()
    stop = threading.Event()
    threads = [threading.Thread(target=client.run, args=(server.url, shop.write_key, stop)) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    server.stop()
    for thread in threads:
        thread.join()
    with house.serve() as again:
        for client in clients:
            check(again, client, complete=False)
            client.retry(again.sender(shop))
            check(again, client, complete=True)


@pytest.mark.parametrize("form", ["single", "batch"])
def test_a_retry_changes_nothing(make_house, storage, form):
    """The same messageId and time, however often and at once, however the request is made: one event."""
    house = make_house(storage)
    shop = house.add_source("shop")
    sent = [track("u1", "Loaded", number=number) for number in range(20)]
    with house.serve() as server:
        threads = [threading.Thread(target=send_all, args=(server.sender(shop), sent, form)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        send_all(server.sender(shop), sent, "batch" if form == "single" else "single")
        assert stored_numbers(server, "u1") == Counter(range(20))
        server.kill()
    with house.serve() as server:
        send_all(server.sender(shop), sent, form)
        assert stored_numbers(server, "u1") == Counter(range(20))


def send_all(sender: Sender, events: list[dict], form: str):
    answers = [sender.single(event) for event in events] if form == "single" else [sender.batch(events)]
    assert [answer.status_code for answer in answers] == [200] * len(answers)


def test_the_same_event_twice_in_one_batch_is_one_event(make_house):
    house = make_house()
    shop = house.add_source("shop")
    sent = track("u1", "Loaded", number=1)
    with house.serve() as server:
        server.sender(shop).store(sent, sent, track("u1", "Loaded", number=2), sent)
        assert stored_numbers(server, "u1") == Counter([1, 2])


def test_the_same_message_id_of_two_sources_is_two_events(make_house):
    house = make_house()
    shop, till = (house.add_source(id, more=("--namespace", "house")) for id in ("shop", "till"))
    with house.serve() as server:
        sent = {**track("u1", "Loaded", number=1), "timestamp": now(5)}
        server.sender(shop).store(sent)
        server.sender(till).store(sent)
        assert stored_numbers(server, "u1") == Counter({1: 2})
