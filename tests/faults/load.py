"""Load that remembers exactly what was acknowledged, and the comparison of that with what the server keeps.

    load = Load(clients=4, seed=7)
    load.start(server, shop)            # threads that send until they are stopped or the server is gone
    ...                                 # the fault
    load.stop()
    check(server, load)                 # acknowledged: there once; unanswered: once or not at all
    load.retry(server, shop)            # as client libraries do, under the same message ids
    check(server, load, complete=True)  # everything there once, and every sum equals the events

Each event bears a number of its own. Nothing is taken from the server's word but the answer to each request.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

import requests

from harness import Sender, Server, Source, track, wait_until

ORDER = "Order Completed"
CURRENCY = "EUR"
LARGEST_BATCH = 40
ANSWER_SECONDS = 90  # longer than the server itself waits for a database
BUSY_PAUSE_SECONDS = 0.05


@dataclass
class Sent:
    """What one user was sent, and what is known of it."""
    acknowledged: set[int] = field(default_factory=set)
    doubtful: set[int] = field(default_factory=set)  # no answer, or one that says that it was not stored
    cents: dict[int, int] = field(default_factory=dict)  # of orders


class Client:
    """One sender. Its users are its own, and new ones every time it is started, so that one check stays small."""

    def __init__(self, number: int, seed: int, users: int, filling: int):
        self.number = number
        self.users = users
        self.filling = filling
        self.random = random.Random(f"{seed}-{number}")
        self.start_number = 0
        self.sent = 0
        self.books: dict[str, Sent] = defaultdict(Sent)
        self.unanswered: list[list[dict]] = []
        self.statuses: Counter = Counter()
        self.problems: Counter = Counter()  # codes of what was answered instead of 200
        self.refused: list[str] = []
        self.without_retry_after: list[str] = []

    def make_request(self) -> list[dict]:
        return [self.make_event() for _ in range(self.random.choice((1, 1, 2, 10, LARGEST_BATCH)))]

    def make_event(self) -> dict:
        self.sent += 1
        user = f"u-{self.number}-{self.start_number}-{self.random.randrange(self.users)}"
        if self.random.random() < 0.25:
            cents = self.random.randrange(1, 100_000)
            self.books[user].cents[self.sent] = cents
            made = track(user, ORDER, number=self.sent, total=f"{cents // 100}.{cents % 100:02}", currency=CURRENCY)
        else:
            made = track(user, "Loaded", number=self.sent, filling="x" * self.random.randrange(self.filling))
        self.books[user].doubtful.add(self.sent)
        return made

    def send(self, sender: Sender, events: list[dict]) -> bool:
        """Whether the server answers at all."""
        try:
            answer = (sender.single(events[0], ANSWER_SECONDS) if len(events) == 1
                      else sender.batch(events, ANSWER_SECONDS))
        except requests.RequestException:
            self.unanswered.append(events)
            return False
        self.statuses[answer.status_code] += 1
        if answer.status_code in (429, 500, 503):  # 500: judged by whoever looks at `statuses`
            self.problems[answer.json().get("code")] += 1
            if answer.status_code == 503 and "Retry-After" not in answer.headers:
                self.without_retry_after.append(answer.text[:300])
            self.unanswered.append(events)
            return True
        if answer.status_code != 200 or answer.json().get("rejected"):
            self.refused.append(f"{answer.status_code} {answer.text[:300]}")
            return True
        for sent in events:
            book, number = self.books[sent["userId"]], sent["properties"]["number"]
            book.acknowledged.add(number)
            book.doubtful.discard(number)
        return True

    def run(self, sender: Sender, stop: threading.Event, pause_seconds: float, until_gone: bool):
        while not stop.is_set():
            before = self.statuses[200]
            if not self.send(sender, self.make_request()) and until_gone:
                return
            stop.wait(pause_seconds if self.statuses[200] > before else max(pause_seconds, BUSY_PAUSE_SECONDS))


class Load:
    """`filling`: how many bytes an event has at most beside what it must have."""

    def __init__(self, clients: int = 4, seed: int = 0, users: int = 3, filling: int = 300):
        self.clients = [Client(number, seed, users, filling) for number in range(clients)]
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, server: Server, source: Source, pause_seconds: float = 0.002, until_gone: bool = True):
        """`until_gone`: a client ends when its connection breaks; else it goes on and finds the server again."""
        self._stop.clear()
        for client in self.clients:
            client.start_number += 1
            arguments = (server.sender(source), self._stop, pause_seconds, until_gone)
            self._threads.append(threading.Thread(target=client.run, args=arguments, daemon=True))
            self._threads[-1].start()

    def run_until(self, acknowledged: int, server: Server, source: Source):
        """Load until so many more events are acknowledged."""
        wanted = self.acknowledged + acknowledged
        self.start(server, source)
        wait_until(lambda: self.acknowledged >= wanted, seconds=60, what="events to be taken in")
        self.stop()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 30)
            assert not thread.is_alive(), "a request was never answered, and its connection never closed"
        self._threads.clear()

    def retry(self, server: Server, source: Source, within_seconds: float = 0):
        """Sends again, under the same message ids and times, what was not acknowledged."""
        sender = server.sender(source)
        deadline = time.monotonic() + within_seconds
        for client in self.clients:
            while True:
                waiting, client.unanswered = client.unanswered, []
                for events in waiting:
                    assert client.send(sender, events), "the server does not answer"
                if not client.unanswered or time.monotonic() > deadline:
                    break
                time.sleep(BUSY_PAUSE_SECONDS)
            assert not client.unanswered, f"the server still refuses: {dict(client.problems)}"

    @property
    def acknowledged(self) -> int:
        return sum(len(book.acknowledged) for client in self.clients for book in list(client.books.values()))

    @property
    def statuses(self) -> Counter:
        return sum((client.statuses for client in self.clients), Counter())

    @property
    def problems(self) -> Counter:
        return sum((client.problems for client in self.clients), Counter())

    def users(self) -> dict[str, Sent]:
        return {user: book for client in self.clients for user, book in client.books.items()}

    def users_of_last_start(self) -> dict[str, Sent]:
        return {user: book for user, book in self.users().items()
                if int(user.split("-")[2]) == self.clients[0].start_number}


def check(server: Server, load: Load, complete: bool = False, users: dict[str, Sent] | None = None):
    """Compares what is stored with the account. `complete`: nothing is in doubt, so every sum is known too."""
    for client in load.clients:
        assert not client.refused, client.refused[:3]
        assert not client.without_retry_after, client.without_retry_after[:3]
    for user, book in (load.users() if users is None else users).items():
        check_user(server, user, book)
    if complete:
        assert not any(book.doubtful for book in load.users().values()), "retry() comes first"
        check_totals(server, load)


def check_user(server: Server, user: str, book: Sent):
    stored = Counter()
    counted = Counter()
    for customer in server.customers(f"user_id:{user}"):
        numbers = [item["properties"]["number"] for item in server.timeline_of(customer["id"])]
        stored.update(numbers)
        counters = server.read(f"/api/v1/customers/{customer['id']}")["counters"]
        counted["events"] += counters["events"]
        counted["orders"] += counters["orders"]
        counted["cents"] += cents_of(counters["revenue"])
    twice = sorted(number for number, times in stored.items() if times > 1)
    assert not twice, f"{user}: {len(twice)} events are there more than once: {twice[:10]}"
    lost = sorted(book.acknowledged - stored.keys())
    assert not lost, f"{user}: {len(lost)} of {len(book.acknowledged)} acknowledged events are lost: {lost[:10]}"
    unknown = sorted(stored.keys() - book.acknowledged - book.doubtful)
    assert not unknown, f"{user}: nobody sent {unknown[:10]}"
    orders = stored.keys() & book.cents.keys()
    expected = Counter(events=len(stored), orders=len(orders), cents=sum(book.cents[number] for number in orders))
    assert counted == expected, f"{user}: the page counts {dict(counted)}, the timeline has {dict(expected)}"


def check_totals(server: Server, load: Load, source: str = "shop"):
    books = load.users().values()
    orders = [cents for book in books for number, cents in book.cents.items() if number in book.acknowledged]
    expected = {"events": load.acknowledged, "orders": len(orders), "cents": sum(orders)}
    assert totals(server, source) == expected


def totals(server: Server, source: str) -> dict:
    rows = list(server.pages("/api/v1/events/totals", source=source))
    orders = [row for row in rows if row["measure"] == "orders"]
    return {"events": sum(row["events"] for row in rows if row["measure"] == "events"),
            "orders": sum(row["events"] for row in orders),
            "cents": sum(to_cents(row["amount"]) for row in orders)}


def cents_of(revenue: list[dict]) -> int:
    assert all(row["currency"] == CURRENCY for row in revenue)
    return sum(to_cents(row["ordered"]) for row in revenue)


def to_cents(amount: str) -> int:
    return int(Decimal(amount) * 100)
