"""Every operation of api/openapi.json succeeds when it is asked as it should be, and answers as described.

An operation without a case here fails the test: what is described is shown to work, not only to refuse properly.
"""

import uuid

import pytest
import requests
import schemathesis

import codes
from description import is_ingest, is_stream, load, operations, security_of
from harness import event, now, track
from portal import Customer, Linker
from seeding import seed

schema = schemathesis.openapi.from_dict(load())


PASSWORD = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def seeded(running):
    return seed(running)


def a_statement() -> dict:
    return {"act": "given", "purpose": "DirectMarketing", "channel": "email", "way": "phone",
            "address": "seeded@example.org", "declaration": "Yes, please.", "evidence": "recording 4711"}


def said(seeded) -> dict:
    return seeded.post(f"/api/v1/customers/{seeded.customer}/consents", a_statement())


# --- what is sent, by operationId: path, query, body, text, headers; or a function of what was seeded ----------------

def one_event(**more) -> dict:
    return {"body": {"userId": "u1", "messageId": str(uuid.uuid4()), "timestamp": now(), **more}}


def batch(_) -> dict:
    return {"body": {"batch": [{"type": "track", "event": "Viewed", "userId": "u1"}], "sentAt": now()}}


def new_member(seeded) -> dict:
    body = {"login": f"staff-{uuid.uuid4().hex}", "display_name": "Frieda", "role": "agent", "password": PASSWORD}
    return seeded.post("/api/v1/staff", body)


def of_new_member(body: dict):
    return lambda seeded: {"path": {"id": new_member(seeded)["id"]}, "body": body}


def sign_in(seeded) -> dict:
    return {"body": {"login": new_member(seeded)["login"], "password": PASSWORD}}


def signed_in(seeded) -> dict:
    answer = requests.post(f"{seeded.url}/api/v1/session", json=sign_in(seeded)["body"], timeout=10)
    return {"headers": {"Cookie": f"hs_session={answer.cookies['hs_session']}",
                        "X-CSRF-Token": answer.json()["csrf_token"], "Authorization": None}}


def as_admin(seeded) -> dict:
    """The headers of an admin who has just signed in, with a password of their own."""
    seeded.set_four_eyes(False)
    body = {"login": f"{uuid.uuid4().hex}@example.org", "display_name": "Frieda", "role": "admin", "password": PASSWORD}
    member = seeded.post("/api/v1/staff", body)
    session, _ = codes.sign_in(seeded.url, body["login"], PASSWORD)
    secret = codes.set_up_factor(session, seeded.url)
    answer = session.put(f"{seeded.url}/api/v1/staff/{member['id']}/password", json={"password": PASSWORD * 2},
                         timeout=10)
    assert answer.ok, answer.text
    return headers_of(codes.sign_in(seeded.url, body["login"], PASSWORD * 2, secret)[0])


def headers_of(session: requests.Session) -> dict:
    return {"Cookie": f"hs_session={session.cookies['hs_session']}", "X-CSRF-Token": session.headers["X-CSRF-Token"],
            "Authorization": None}


def offered_factor(seeded) -> dict:
    session, _ = codes.sign_in(seeded.url, new_member(seeded)["login"], PASSWORD)
    offer = session.post(f"{seeded.url}/api/v1/session/second-factor", timeout=10).json()
    return {"headers": headers_of(session), "body": {"ticket": offer["ticket"], "code": codes.code_of(offer["secret"])}}


def of_member_with_factor(seeded) -> dict:
    member = new_member(seeded)
    codes.set_up_factor(codes.sign_in(seeded.url, member["login"], PASSWORD)[0], seeded.url)
    return {"path": {"id": member["id"]}}


def first_admin(seeded) -> dict:
    # The link is for a house without an admin who may sign in.
    members = seeded.server.read("/api/v1/staff", limit=200)["items"]
    for member in (one for one in members if one["role"] == "admin" and one["state"] == "enabled"):
        answer = seeded.server.session.put(f"{seeded.url}/api/v1/staff/{member['id']}/state", timeout=10,
                                           json={"state": "disabled"})
        assert answer.ok, answer.text
    link = seeded.server.house.json("staff", "link")["link"]
    return {"body": {"code": link.partition("#")[2], "login": f"first-{uuid.uuid4().hex}", "display_name": "Frieda",
                     "password": PASSWORD}}


def something_grave(seeded) -> dict:
    member = new_member(seeded)
    seeded.set_four_eyes(True)
    return {"operation": "grant_admin", "target": f"staff:{member['id']}", "reason": "takes over"}


def of_something_grave(seeded) -> dict:
    return {"headers": as_admin(seeded), "body": something_grave(seeded)}


def ask_approval(seeded, admin: dict) -> dict:
    headers = {name: value for name, value in admin.items() if value}
    asked = requests.post(f"{seeded.url}/api/v1/approvals", json=something_grave(seeded), headers=headers, timeout=10)
    assert asked.status_code == 201, asked.text
    return {"id": asked.json()["id"]}


def of_new_approval(reason: str | None = None, own: bool = False):
    def sent(seeded) -> dict:
        admin = as_admin(seeded)
        path = ask_approval(seeded, admin)
        if reason is None:
            return {"path": path}
        return {"path": path, "headers": admin if own else as_admin(seeded), "body": {"reason": reason}}
    return sent


def library_name(seeded) -> str:
    head = requests.head(f"{seeded.url}/sdk.js", timeout=10).headers
    return head["Content-Location"].rpartition("/")[2]


def new_source(_=None) -> dict:
    return {"body": {"id": f"source-{uuid.uuid4().hex[:8]}", "touchpoint": "shop", "trust": "server", "country": "DE",
                     "purposes": ["CustomerOrderManagement:A6-1-b"]}}


def of_new_source(body):
    return lambda seeded: {"path": {"id": seeded.post("/api/v1/sources", new_source()["body"])["source"]["id"]},
                           "body": body}


def own_rule() -> dict:
    return {"id": f"own.r{uuid.uuid4().hex}", "jurisdiction": "BG", "topic": "profiling", "from": "2020-01-01",
            "requirement": "double_opt_in", "source": "the board", "de": "Wir fragen zweimal.", "en": "We ask twice."}


def of_own_rule(seeded) -> dict:
    rule = own_rule()
    seeded.post("/api/v1/law/own-rules", rule)
    return {"path": {"rule": rule["id"]}}


def of_confirmation(seeded) -> dict:
    url = f"{seeded.url}/api/v1/law/confirmations/br.age_of_consent.years"
    confirmation = {"counsel": "Dr. Recht", "day": "2026-01-02", "source": "her letter"}
    assert seeded.server.session.put(url, json=confirmation, timeout=20).status_code == 200
    return {"path": {"rule": "br.age_of_consent.years"}}


def purpose_entry() -> dict:
    return {"categories": ["address", "orders"], "retention": {"term": "2 years", "since": "last_use"},
            "recipients": [{"name": "Brieftaube GmbH", "country": "DE", "role": "processor"}],
            "benefit": {"de": "Gutscheine", "en": "vouchers"},
            "description": {"de": "Wir schreiben Ihnen.", "en": "We write to you."}}


def of_purpose_entry(purpose: str):
    def sent(seeded) -> dict:
        url = f"{seeded.url}/api/v1/purpose-entries/{purpose}"
        assert seeded.server.session.put(url, json=purpose_entry(), timeout=20).status_code == 200
        return {"path": {"purpose": purpose}}
    return sent


def notice() -> dict:
    return {"purposes": ["DirectMarketing"], "channels": ["email"], "validity": "2 years",
            "texts": [{"language": "en", "title": "Newsletter", "text": "What we send.",
                       "declaration": "Yes, send me offers.", "withdrawal": "By the link in each mail."}]}


def of_draft(publishes: bool = False, published: bool = False, **changes):
    """A notice of its own; as the body of its publication, or published already."""
    content = {name: value for name, value in (notice() | changes).items() if value is not None}

    def sent(seeded) -> dict:
        name, session = f"n-{uuid.uuid4().hex[:8]}", seeded.server.session
        draft = session.put(f"{seeded.url}/api/v1/notices/{name}/draft", json=content, timeout=20)
        assert draft.status_code == 200, draft.text
        path = {"path": {"id": name, "version": 1}}
        if published:
            publish = f"{seeded.url}/api/v1/notices/{name}/versions/1/publish"
            assert session.post(publish, json={"hash": draft.json()["hash"]}, timeout=20).status_code == 200
        return {**path, "body": {"hash": draft.json()["hash"]}} if publishes else path
    return sent


def sign_up(seeded) -> dict:
    """At a source that asks for advertising."""
    source = {**new_source()["body"], "purposes": ["DirectMarketing:A6-1-a"]}
    return {"write_key": seeded.post("/api/v1/sources", source)["write_key"],
            "body": {"purpose": "DirectMarketing", "address": "anna@example.org",
                     "notice": {"id": of_draft(published=True)(seeded)["path"]["id"]}, "language": "en"}}


def assessment() -> dict:
    return {"purpose": "ServicePersonalisation", "interest": "We want to.", "necessity": "Nothing milder does.",
            "balancing": "It harms nobody.", "assessed_by": "Ada", "decided": "2026-01-02", "expires": "2027-01-02"}


def of_assessment(seeded) -> dict:
    return {"path": {"number": seeded.post("/api/v1/interest-assessments", assessment())["number"]},
            "body": {"reason": "the world has changed"}}


def of_the_customer(seeded) -> dict:
    return {"path": {"id": seeded.customer}}


def call_to_note(seeded) -> dict:
    source = {**new_source()["body"], "touchpoint": "phone", "purposes": ["CustomerCare:A6-1-b"]}
    return {"body": {"customer": seeded.customer, "direction": "inbound", "verification": "knowledge", "at": now(60),
                     "summary": "Where is it?", "source": seeded.post("/api/v1/sources", source)["source"]["id"]},
            "query": {"purpose": "CustomerOrderManagement"}}


def two_people(seeded) -> dict:
    names = [uuid.uuid4().hex for _ in range(2)]
    seeded.server.send.store(*[track(name) for name in names])
    return dict(zip("ab", (seeded.server.customers(f"user_id:{name}")[0]["id"] for name in names)))


def linked_people(seeded) -> dict:
    people = two_people(seeded)
    link = {**people, "basis": "A6-1-b", "purposes": ["CustomerOrderManagement"]}
    assert seeded.server.session.post(f"{seeded.url}/api/v1/links", json=link, timeout=10).status_code == 204
    return {"body": people}


def new_webhook() -> dict:
    # A name that leads inwards: the address is refused when it is used, so that nothing leaves this machine.
    return {"id": f"webhook-{uuid.uuid4().hex[:8]}", "url": "https://localhost/hook", "region": "eu",
            "purpose": "CustomerOrderManagement"}


def of_new_webhook(**more):
    return lambda seeded: {"path": {"id": seeded.post("/api/v1/webhooks", new_webhook())["webhook"]["id"]}, **more}


def feed_of_an_integration(seeded) -> dict:
    token = seeded.post("/api/v1/tokens", {"name": "crm", "role": "integration",
                                           "purposes": ["CustomerOrderManagement"]})["token"]
    return {"query": {"region": "eu", "purpose": "CustomerOrderManagement", "type": ["track", "page"], "limit": 7},
            "headers": {"Authorization": f"Bearer {token}"}}


MOVE = {"region": "us", "country": "US", "purpose": "RightsFulfilment"}


def to_be_moved(seeded) -> dict:
    name = uuid.uuid4().hex
    seeded.server.send.store(track(name))
    return {"path": {"id": seeded.server.customers(f"user_id:{name}")[0]["id"]}, "body": MOVE}


def a_move(seeded) -> dict:
    customer = to_be_moved(seeded)["path"]["id"]
    asked = seeded.server.session.post(f"{seeded.url}/api/v1/customers/{customer}/move", json=MOVE, timeout=10)
    assert asked.status_code == 202, asked.text
    return {"path": {"id": asked.json()["id"]}}


def new_template(_=None) -> dict:
    text = {"subject": "{{name}}", "text": "{{name}}", "html": "<p>{{name}}</p>"}
    return {"id": f"t{uuid.uuid4().hex}", "purpose": "CustomerOrderManagement", "parameters": ["name"],
            "texts": {"de": text, "en": text}}


def new_proposal(seeded) -> dict:
    published = seeded.post("/api/v1/templates", new_template())
    name = uuid.uuid4().hex
    person = event("identify", name, traits={"email": f"{name}@example.org", "address": {"country": "DE"}})
    seeded.server.send.store(person)
    customer = seeded.server.customers(f"user_id:{name}")[0]["id"]
    return {"customer": customer, "template": published["id"], "language": "de",
            "parameters": {"name": "Quirinella"}, "reason": "contract", "not_before": "2099-01-01T00:00:00Z"}


def of_new_message(*steps: str):
    def sent(seeded) -> dict:
        number = seeded.post("/api/v1/messages", new_proposal(seeded))["message"]["id"]
        for step in steps:
            answer = seeded.server.session.post(f"{seeded.url}/api/v1/messages/{number}/{step}", timeout=10)
            assert answer.status_code == 200, answer.text
        return {"path": {"id": number}}
    return sent


def known_customer(seeded, address: str) -> Customer:
    """Signed in at the preference centre, by the code of a mail."""
    seeded.server.send.store(event("identify", uuid.uuid4().hex, traits={"email": address}))
    return Customer(seeded.url, seeded.server.mail, address).sign_in()


def as_customer(**more):
    def sent(seeded) -> dict:
        if not seeded.customers:  # codes are few: one who stays signed in for all cases
            of_draft(published=True)(seeded)
            seeded.customers.append(known_customer(seeded, "at-home@example.org"))
        return {**more, "headers": seeded.customers[0].headers()}
    return sent


def own_receipt(seeded) -> dict:
    sent = as_customer()(seeded)
    customer = seeded.customers[0]
    assert customer.say("withdrawn").status_code == 200
    return {**sent, "path": {"id": customer.consents()["history"][0]["id"]}}


def own_code(seeded) -> dict:
    customer = Customer(seeded.url, seeded.server.mail, f"{uuid.uuid4().hex}@example.org")
    return {"body": {"address": customer.address, "code": customer.new_code()}}


def as_linker(*steps):
    """Somebody with a second address of their own, and how far they came in bringing the two together."""
    def sent(seeded) -> dict:
        path = of_draft(published=True, purposes=["IdentityLinking"], channels=[], validity=None)(seeded)["path"]
        mine, other = (f"{uuid.uuid4().hex}@example.org" for _ in range(2))
        for address in (mine, other):
            seeded.server.send.store(event("identify", uuid.uuid4().hex, traits={"email": address}))
        linker = Linker(seeded.url, seeded.server.mail, mine).sign_in()
        body = {}
        for step in steps:
            body = step(linker, other, path, body)
        return {"headers": linker.headers(), "body": body}
    return sent


def wants_link(_linker, other, _notice, _body) -> dict:
    return {"way": "email", "value": other, "language": "en"}


def has_link_code(linker, other, notice, _body) -> dict:
    return {"code": linker.code_for("email", other, other), "notice": notice, "language": "en"}


def has_link(linker, _other, _notice, body) -> dict:
    return {"id": linker.session.post(f"{linker.url}/links", json=body, timeout=20).json()["links"][0]["id"]}


def own_sign_out(seeded) -> dict:
    return {"headers": known_customer(seeded, f"{uuid.uuid4().hex}@example.org").headers()}


CASES = {
    # the preference centre
    "askForCode": {"body": {"address": "nobody-known@example.org", "language": "de"}},
    "createOwnSession": own_code,
    "getOwnSession": as_customer(),
    "deleteOwnSession": own_sign_out,
    "listOwnConsents": as_customer(query={"language": "de"}),
    "recordOwnConsent": as_customer(body={"purpose": "DirectMarketing", "channel": "email", "act": "objected"}),
    "endAdvertising": as_customer(body={"language": "en"}),
    "getOwnReceipt": own_receipt,
    "listOwnLinks": as_customer(query={"language": "de"}),
    "askForLinkCode": as_linker(wants_link),
    "createOwnLink": as_linker(wants_link, has_link_code),
    "endOwnLink": as_linker(has_link_code, has_link),
    # messages to customers
    "listTemplates": {},
    "publishTemplate": lambda _: {"body": new_template()},
    "getTemplate": {"path": {"id": "access_code"}, "query": {"version": 1}},
    "previewTemplate": lambda _: {"body": {"template": new_template(), "language": "en", "parameters": {"name": "A"}}},
    "listMessages": {"query": {"state": "waiting", "limit": 3}},
    "getReach": {"query": {"purpose": "DirectMarketing"}},
    "countReach": {},
    "tryLaw": lambda _: {"body": {"own_rule": own_rule()}},
    "getLawEffect": {},
    "proposeMessage": lambda seeded: {"body": new_proposal(seeded)},
    "getMessage": of_new_message(),
    "reviveMessage": of_new_message("cancel"),
    "cancelMessage": of_new_message(),
    # A link comes by mail alone; tests/e2e/test_unsubscribe.py presses one.
    "openUnsubscribe": {"path": {"token": "made-up"}, "status": 404},
    "unsubscribe": {"path": {"token": "made-up"}, "status": 404},
    # So is what confirms; tests/e2e/test_signups.py does all of it.
    "signUp": lambda seeded: sign_up(seeded),
    "confirmSignup": {"body": {"address": "anna@example.org", "code": "4711 0815"}},
    "openConfirmation": {"path": {"token": "made-up"}, "status": 404},
    "confirmByLink": {"path": {"token": "made-up"}, "status": 404},
    # staff
    "listRoles": {},
    "listTokens": {},
    "createToken": {"body": {"name": "till", "role": "agent"}},
    "getToken": {"path": {"id": 1}},
    "revokeToken": lambda seeded: {
        "path": {"id": seeded.post("/api/v1/tokens", {"name": "gone", "role": "agent"})["id"]}},
    "listStaff": {},
    "createStaff": {"body": {"login": "frieda@example.org", "display_name": "Frieda", "role": "agent",
                             "password": PASSWORD}},
    "getStaff": of_new_member(None),
    "setStaffRole": of_new_member({"role": "supervisor"}),
    "setStaffState": of_new_member({"state": "disabled"}),
    "setStaffPassword": of_new_member({"password": PASSWORD[::-1]}),
    "createSession": sign_in,
    "getSession": signed_in,
    "deleteSession": signed_in,
    "setOwnPassword": lambda seeded: {**signed_in(seeded), "body": {"current": PASSWORD, "password": PASSWORD[::-1]}},
    "deleteSessions": signed_in,
    "createFirstAdmin": first_admin,
    "offerSecondFactor": signed_in,
    "setSecondFactor": offered_factor,
    "resetSecondFactor": of_member_with_factor,
    "listApprovals": {"query": {"state": "pending", "limit": 3}},
    "askApproval": of_something_grave,
    "getApproval": of_new_approval(),
    "approveApproval": of_new_approval("as we said"),
    "declineApproval": of_new_approval("not now"),
    "withdrawApproval": of_new_approval("no longer needed", own=True),
    "listAudit": {"query": {"limit": 3}},
    "checkAudit": {},
    "listAuditPrincipals": {"query": {"limit": 1}},
    # law
    "getLaw": {},
    "getJurisdiction": {"path": {"code": "DE"}, "query": {"day": "2026-08-10"}},
    "listLawChanges": {"query": {"from": "2026-01-01", "until": "2027-12-31"}},
    "listRuleSets": {},
    "listConfirmations": {},
    "confirmRule": {"path": {"rule": "za.age_of_consent.years"},
                    "body": {"counsel": "Dr. Recht", "day": "2026-01-02", "source": "her letter"}},
    "withdrawConfirmation": of_confirmation,
    "listOwnRules": {},
    "addOwnRule": lambda _: {"body": own_rule()},
    "endOwnRule": of_own_rule,
    "previewLaw": lambda _: {"body": {"own_rule": own_rule(), "day": "2026-11-22"}},
    "askRulings": {"body": {"explain": True, "questions": [
        {"use": "contact", "purpose": "DirectMarketing", "channel": "email", "basis": "A6-1-f",
         "person": {"country": "DE", "time_zone": "Europe/Berlin"}}]}},
    # purposes and notices
    "listPurposeEntries": of_purpose_entry("CustomerCare"),
    "getPurposeEntry": of_purpose_entry("DirectMarketing"),
    "putPurposeEntry": {"path": {"purpose": "LocationOffers"}, "body": purpose_entry()},
    "removePurposeEntry": of_purpose_entry("BehaviourPrediction"),
    "listAssessments": lambda seeded: of_assessment(seeded) and {},
    "addAssessment": lambda _: {"body": assessment()},
    "revokeAssessment": of_assessment,
    "getProcessingRegister": {"query": {"format": "json", "language": "de"}},
    "listNotices": of_draft(published=True),
    "putNoticeDraft": {"path": {"id": "surveys"}, "body": {**notice(), "texts": []}},
    "discardNoticeDraft": of_draft(),
    "getNoticeVersion": of_draft(),
    "publishNotice": of_draft(publishes=True),
    "retireNotice": of_draft(published=True),
    # sources
    "listSources": {},
    "getSource": {"path": {"id": "shop"}},
    "createSource": new_source,
    "rotateSourceKey": of_new_source({"overlap_seconds": 60}),
    "setSourceState": of_new_source({"enabled": False}),
    "putSourceQuota": of_new_source({"events_per_second": 100}),
    "setSourceUnit": of_new_source({"unit": "south/munich"}),
    "putSourcePlan": of_new_source({"events": {"Order Completed": ["total", "currency"]}}),
    "putSourceConsentCategories": of_new_source({"Analytics": ["ServiceUsageAnalytics"]}),
    # events
    **{f"ingest{name}{form}": one_event(**more) for form in ("", "Short") for name, more in {
        "Identify": {"traits": {"plan": "gold"}}, "Track": {"event": "Viewed"}, "Page": {"name": "Home"},
        "Screen": {"name": "Basket"}, "Group": {"groupId": "g1"}, "Alias": {"previousId": "u0"}}.items()},
    "ingestBatch": batch,
    "ingestBatchShort": batch,
    "ingestImport": batch,
    "ingestBeacon": lambda seeded: {**batch(seeded), "query": {"writeKey": seeded.write_key}},
    "ingestClientMetrics": {"body": {"series": []}},
    "ingestClientMetricsRudder": {"body": {"metrics": []}},
    "pixelTrack": lambda seeded: {"query": {"writeKey": seeded.write_key, "userId": "u1", "event": "Opened"}},
    "pixelPage": lambda seeded: {"query": {"writeKey": seeded.write_key, "userId": "u1", "name": "Letter"}},
    "clientSettings": lambda seeded: {"path": {"writeKey": seeded.write_key}},
    "clientSourceConfig": {},
    "clientSourceConfigSlash": {},
    "globalPrivacyControl": {},
    "getBanner": lambda seeded: {"path": {"writeKey": seeded.write_key}, "query": {"language": "de"}},
    "watchSource": {"path": {"id": "shop"}},
    "eventDays": {"query": {"days": 7}},
    "eventTotals": {"query": {"source": "shop"}},
    "eventRefusals": {},
    "getOverview": {"query": {"span": "7d", "step": "hour", "zone": "Europe/Berlin"}},
    "watchOverview": {"query": {"span": "28d"}},
    # customers
    "listPurposes": {},
    "findCustomers": {"query": {"key": "email:seeded@example.org"}},
    "searchCustomers": {"body": {"name": "Quirinella"}},
    "countCustomers": {"query": {"source": "shop"}},
    "getCustomer": of_the_customer,
    "getTimeline": lambda seeded: {**of_the_customer(seeded), "query": {"limit": 7, "type": "track"}},
    "listUses": of_the_customer,
    "noteCall": call_to_note,
    "listCallSources": {},
    "listConsents": of_the_customer,
    "findConsents": {"query": {"about": "DirectMarketing", "channel": "email", "limit": 5}},
    "recordConsent": lambda seeded: {**of_the_customer(seeded), "body": a_statement()},
    "importConsents": {"body": {"source": "shop", "format": "csv", "text":
        "key_kind,key,act,purpose,channel,said_at\n"
        "email,seeded@example.org,refused,DirectMarketing,email,2020-05-01\n"}},
    "getConsentReceipt": lambda seeded: {"path": {"id": said(seeded)["id"]}},
    "linkIdentities": lambda seeded: {"body": {**two_people(seeded), "basis": "A6-1-b",
                                               "purposes": ["CustomerOrderManagement"]}},
    "unlinkIdentities": linked_people,
    "withdrawLinking": lambda seeded: {"body": {"identity": two_people(seeded)["a"], "purposes": ["DirectMarketing"]}},
    "regrantLinking": lambda seeded: {"body": {"identity": two_people(seeded)["a"], "purposes": ["DirectMarketing"]}},
    "listRefusedLinks": {},
    # moving
    "moveCustomer": to_be_moved,
    "listMoves": {"query": {"limit": 2}},
    "getMove": a_move,
    # other systems
    "readFeed": feed_of_an_integration,
    "listTestDataDeletions": {},
    "deleteTestData": {},
    "listWebhooks": {},
    "createWebhook": lambda _: {"body": new_webhook()},
    "getWebhook": of_new_webhook(),
    "changeWebhook": of_new_webhook(body={"version": 1, "payload": "full", "order": "any", "concurrency": 4}),
    "deleteWebhook": of_new_webhook(),
    "rotateWebhookSecret": of_new_webhook(body={"overlap_seconds": 60}),
    "testWebhook": of_new_webhook(),
    "replayWebhook": of_new_webhook(body={"from": "start"}),
    "listWebhookAttempts": of_new_webhook(query={"outcome": "failed"}),
    "listDeadLetters": of_new_webhook(),
    "redeliverDeadLetters": of_new_webhook(body={}),
    # the server itself
    "getDesk": {},
    "getPortal": {},
    "getDeskAsset": lambda seeded: {"path": {"name": seeded.asset}},
    "getLibrary": {},
    "getPinnedLibrary": lambda seeded: {"path": {"name": library_name(seeded)}},
    "healthz": {},
    "readyz": {},
    "metrics": {},
    "getApiDescription": {},
}


# --- the tests --------------------------------------------------------------------------------------------------------

def ask(operation, sent: dict, seeded) -> requests.Response:
    headers = {} if is_ingest(operation.definition) else {"Authorization": f"Bearer {seeded.server.token}"}
    return requests.request(
        operation.method, seeded.url + operation.path.format(**sent.get("path", {})), params=sent.get("query"),
        json=sent.get("body"), data=sent.get("text"), headers={**headers, **sent.get("headers", {})},
        auth=(sent.get("write_key", seeded.write_key), "") if is_ingest(operation.definition) else None,
        stream=is_stream(operation.definition), timeout=20)


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.id)
def test_operation_succeeds_and_answers_as_described(operation, seeded):
    assert operation.id in CASES, f"{operation.id} has no case in this file: nothing shows that it works"
    sent = CASES[operation.id]
    sent = sent(seeded) if callable(sent) else sent
    answer = ask(operation, sent, seeded)
    expected = [sent["status"]] if "status" in sent else range(200, 300)
    assert answer.status_code in expected, f"{answer.status_code}: {answer.text[:500]}"
    if is_stream(operation.definition):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        answer.close()
    else:
        schema[operation.path][operation.method].validate_response(answer)


@pytest.mark.parametrize("operation", [found for found in operations() if security_of(found.definition)],
                         ids=lambda operation: operation.id)
def test_operation_needs_leave(operation, seeded):
    """Without a token 401, whatever else is right; with a role that the description does not name 403."""
    sent = CASES.get(operation.id, {})
    sent = sent(seeded) if callable(sent) else sent
    sent = {**sent, "headers": {"Authorization": None}}  # no cookie either
    assert ask(operation, sent, seeded).status_code == 401
    roles = operation.definition.get("x-roles")
    if roles:
        stranger = next(role for role in ("broker", "executive", "agent", "admin") if role not in roles)
        token = seeded.server.house.token(stranger)
        assert ask(operation, {**sent, "headers": {"Authorization": f"Bearer {token}"}}, seeded).status_code == 403


def test_no_case_is_of_an_operation_that_is_gone():
    assert set(CASES) <= {operation.id for operation in operations()}
