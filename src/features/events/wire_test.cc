// Decoding what the clients send, case by case, and the requests that real clients were recorded sending.
#include "features/events/wire.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "platform/crypto/crypto.h"
#include "platform/http/compression.h"

namespace handschlag::events::wire {
namespace {

using gate::Basis;
using gate::Purpose;
using gate::PurposeSet;

const Time kReceived = *parse_time("2026-11-21T12:00:00.000Z");

sources::Source shop() {
  return {.id = "shop",
          .touchpoint = "checkout",
          .purposes = {{Purpose::CustomerOrderManagement, Basis::contract}, {Purpose::DirectMarketing, Basis::consent}},
          .consent_categories = {{"Marketing", {Purpose::DirectMarketing}},
                                 {"Analytics", {Purpose::ServiceUsageAnalytics}},
                                 {"C0004", {Purpose::DirectMarketing, Purpose::PersonalisedAdvertising}}}};
}

json::Value track(json::Value fields = json::Value::object()) {
  json::Value item = {{"type", "track"}, {"event", "Viewed"}, {"userId", "u1"}, {"messageId", "m1"}};
  item.update(fields);
  return item;
}

Intake decoded(const json::Value& item) {
  auto event = decode_event(item, std::nullopt, shop(), kReceived);
  EXPECT_TRUE(event) << event.error().detail;
  return event ? *std::move(event) : Intake{};
}

// The same as the only event of a batch.
Intake decoded_in(json::Value batch, const json::Value& item) {
  batch["batch"] = json::Value::array({item});
  auto all = decode_batch(batch, shop(), kReceived);
  EXPECT_TRUE(all && all->events.size() == 1);
  return all ? std::move(all->events.at(0)) : Intake{};
}

json::Value context_of(const Intake& event) {
  return event.context.empty() ? json::Value::object() : json::parse(event.context).value();
}

class Decode : public testing::Test {
 protected:
  void SetUp() override { crypto::initialize(); }
};

TEST_F(Decode, TakesEveryFieldOfAnEvent) {
  json::Value item = json::Value::parse(R"({
    "type": "track", "event": "Order Completed", "userId": "u1", "anonymousId": "a1", "messageId": "m1",
    "groupId": "g1", "previousId": "p1", "properties": {"total": 12.5}, "channel": "web", "_metadata": {"x": 1},
    "integrations": {"All": true}, "timestamp": "2026-11-21T11:00:00.000Z",
    "context": {"ip": "203.0.113.7", "userAgent": "Mozilla", "locale": "de-DE", "page": {"path": "/"},
                "device": {"id": "d1"}, "location": {"country": "de"},
                "traits": {"email": "anna@example.org", "phone": "030 901820"}}})");
  Intake event = decoded(item);
  EXPECT_EQ(event.type, EventType::track);
  EXPECT_EQ(event.name, "Order Completed");
  EXPECT_EQ(event.message_id, "m1");
  EXPECT_EQ(event.user_id, "u1");
  EXPECT_EQ(event.anonymous_id, "a1");
  EXPECT_EQ(event.previous_id, "p1");
  EXPECT_EQ(event.device_id, "d1");
  EXPECT_EQ(event.group_id, "g1");
  EXPECT_EQ(event.country, "DE");
  EXPECT_EQ(event.properties->find("total")->number(), 12.5);
  ASSERT_EQ(event.keys.size(), 2U);
  EXPECT_EQ(event.keys[0], std::pair(identity::KeyKind::email, std::string("anna@example.org")));
  EXPECT_EQ(event.keys[1], std::pair(identity::KeyKind::phone, std::string("030 901820")));
  EXPECT_EQ(event.received, kReceived);
}

TEST_F(Decode, LeavesAddressAndFingerprintOfTheClientAtTheDoor) {
  Intake event = decoded(track({{"context",
                                 {{"ip", "203.0.113.7"},
                                  {"userAgent", "Mozilla/5.0"},
                                  {"userAgentData", {{"brands", "x"}}},
                                  {"locale", "de-DE"}}}}));
  EXPECT_EQ(context_of(event), json::Value({{"locale", "de-DE"}}));
}

TEST_F(Decode, IdsThatAreNumbersAreTheirText) {
  Intake event = decoded(track({{"userId", 42}, {"anonymousId", 9007199254740993}, {"messageId", 7}}));
  EXPECT_EQ(event.user_id, "42");
  EXPECT_EQ(event.anonymous_id, "9007199254740993");
  EXPECT_EQ(event.message_id, "7");
}

TEST_F(Decode, WhatIsOfTheWrongTypeCountsAsAbsent) {
  Intake event = decoded(track({{"properties", "none"},
                                {"traits", json::Value::array({1})},
                                {"context", 7},
                                {"anonymousId", json::Value::object()},
                                {"previousId", nullptr},
                                {"timestamp", 1}}));
  EXPECT_TRUE(event.properties->empty());
  EXPECT_TRUE(event.traits->empty());
  EXPECT_FALSE(event.anonymous_id);
  EXPECT_FALSE(event.original);
}

struct Wrong {
  const char* item;
  std::string_view code;
  std::string_view pointer;
};
void PrintTo(const Wrong& wrong, std::ostream* out) {
  *out << wrong.item;
}
class DecodeRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(DecodeRefuses, AndNamesTheField) {
  auto event = decode_event(json::Value::parse(GetParam().item), std::nullopt, shop(), kReceived);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().kind, ErrorKind::invalid);
  EXPECT_EQ(event.error().code, GetParam().code);
  ASSERT_EQ(event.error().fields.size(), 1U);
  EXPECT_EQ(event.error().fields[0].pointer, GetParam().pointer);
}

INSTANTIATE_TEST_SUITE_P(
    Table, DecodeRefuses,
    testing::Values(Wrong{"[]", "event_not_object", ""}, Wrong{"\"track\"", "event_not_object", ""},
                    Wrong{"null", "event_not_object", ""}, Wrong{R"({"userId":"u1"})", "type_unknown", "/type"},
                    Wrong{R"({"type":"buy","userId":"u1"})", "type_unknown", "/type"},
                    Wrong{R"({"type":{},"userId":"u1"})", "type_unknown", "/type"},
                    Wrong{R"({"type":"track","userId":"u1"})", "event_missing", "/event"},
                    Wrong{R"({"type":"track","event":"","userId":"u1"})", "event_missing", "/event"},
                    Wrong{R"({"type":"track","event":["X"],"userId":"u1"})", "event_missing", "/event"},
                    Wrong{R"({"type":"track","event":"X"})", "identity_missing", "/userId"},
                    Wrong{R"({"type":"track","event":"X","userId":""})", "identity_missing", "/userId"},
                    Wrong{R"({"type":"track","event":"X","userId":true})", "identity_missing", "/userId"}));

TEST_F(Decode, KeepsTheLimitsOfNameAndMessageId) {
  EXPECT_EQ(decoded(track({{"messageId", std::string(100, 'm')}, {"event", std::string(200, 'e')}})).name.size(), 200U);
  auto long_id = decode_event(track({{"messageId", std::string(101, 'm')}}), std::nullopt, shop(), kReceived);
  EXPECT_EQ(long_id.error().code, "message_id_too_long");
  auto long_name = decode_event(track({{"event", std::string(201, 'e')}}), std::nullopt, shop(), kReceived);
  EXPECT_EQ(long_name.error().code, "event_too_long");
}

TEST_F(Decode, TheTypeOfTheRouteCounts) {
  auto event = decode_event(track({{"name", "Home"}}), EventType::page, shop(), kReceived);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, EventType::page);
  EXPECT_EQ(event->name, "Home");
  EXPECT_TRUE(decode_event(json::Value{{"userId", "u1"}}, EventType::identify, shop(), kReceived))
      << "no event name needed";
}

TEST_F(Decode, TheTraitsOfAGroupAreNotThePersons) {
  Intake group = decoded({{"type", "group"}, {"userId", "u1"}, {"traits", {{"email", "office@example.org"}}}});
  EXPECT_TRUE(group.keys.empty());
  Intake person = decoded({{"type", "identify"}, {"userId", "u1"}, {"traits", {{"email", "anna@example.org"}}}});
  EXPECT_EQ(person.keys.size(), 1U);
}

TEST_F(Decode, TheCountryIsThePersonsBeforeThePlaces) {
  json::Value context = {{"location", {{"country", "FR"}}}};
  EXPECT_EQ(decoded(track({{"context", context}})).country, "FR");
  EXPECT_EQ(decoded(track({{"context", context}, {"traits", {{"country", "it"}}}})).country, "IT");
  EXPECT_EQ(
      decoded(track({{"context", context}, {"traits", {{"country", "it"}, {"address", {{"country", "at"}}}}}})).country,
      "AT");
  EXPECT_EQ(decoded(track({{"traits", {{"country", "Germany"}}}})).country, "") << "unknown rather than guessed";
}

struct TimeCase {
  const char* what;
  const char* fields;
  std::string_view occurred;
  std::string_view original;  // "" none
};
void PrintTo(const TimeCase& entry, std::ostream* out) {
  *out << entry.what;
}
class DecodeTime : public testing::TestWithParam<TimeCase> {};

TEST_P(DecodeTime, CorrectsTheClientsClock) {
  Intake event = decoded(track(json::Value::parse(GetParam().fields)));
  EXPECT_EQ(format_time(event.occurred), GetParam().occurred);
  EXPECT_EQ(event.original ? format_time(*event.original) : "", GetParam().original);
}

INSTANTIATE_TEST_SUITE_P(
    Table, DecodeTime,
    testing::Values(
        TimeCase{"no time", "{}", "2026-11-21T12:00:00.000Z", ""},
        TimeCase{"Segment", R"({"timestamp":"2026-11-21T11:00:00.000Z","sentAt":"2026-11-21T11:00:05.000Z"})",
                 "2026-11-21T11:59:55.000Z", "2026-11-21T11:00:00.000Z"},
        TimeCase{"RudderStack",
                 R"({"originalTimestamp":"2026-11-21T11:00:00.000Z","sentAt":"2026-11-21T11:00:05.000Z"})",
                 "2026-11-21T11:59:55.000Z", "2026-11-21T11:00:00.000Z"},
        TimeCase{"the original goes before the timestamp",
                 R"({"originalTimestamp":"2026-11-21T10:00:00.000Z","timestamp":"2026-11-21T11:00:00.000Z"})",
                 "2026-11-21T10:00:00.000Z", "2026-11-21T10:00:00.000Z"},
        TimeCase{"without sentAt the client is believed", R"({"timestamp":"2026-11-20T08:30:00.000Z"})",
                 "2026-11-20T08:30:00.000Z", "2026-11-20T08:30:00.000Z"},
        TimeCase{"a future is cut", R"({"timestamp":"2099-01-01T00:00:00.000Z"})", "2026-11-21T12:00:00.000Z",
                 "2099-01-01T00:00:00.000Z"},
        TimeCase{"sent before it happened is cut",
                 R"({"timestamp":"2026-11-21T11:00:05.000Z","sentAt":"2026-11-21T11:00:00.000Z"})",
                 "2026-11-21T12:00:00.000Z", "2026-11-21T11:00:05.000Z"},
        TimeCase{"a clock of 1999", R"({"timestamp":"1999-12-31T23:59:00.000Z","sentAt":"1999-12-31T23:59:30.000Z"})",
                 "2026-11-21T11:59:30.000Z", "1999-12-31T23:59:00.000Z"},
        TimeCase{"far apart is cut to 1970",
                 R"({"timestamp":"1970-01-01T00:00:00.000Z","sentAt":"9999-12-31T00:00:00.000Z"})",
                 "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"},
        TimeCase{"a malformed time", R"({"timestamp":"yesterday"})", "2026-11-21T12:00:00.000Z", ""},
        TimeCase{"a malformed sentAt", R"({"timestamp":"2026-11-21T11:00:00.000Z","sentAt":"now"})",
                 "2026-11-21T11:00:00.000Z", "2026-11-21T11:00:00.000Z"},
        TimeCase{"an offset", R"({"timestamp":"2026-11-21T12:30:00+01:00"})", "2026-11-21T11:30:00.000Z",
                 "2026-11-21T11:30:00.000Z"}));

struct ConsentCase {
  const char* what;
  const char* context;
  PurposeSet consented;
  PurposeSet refused;
};
void PrintTo(const ConsentCase& entry, std::ostream* out) {
  *out << entry.what;
}
class DecodeConsent : public testing::TestWithParam<ConsentCase> {};

TEST_P(DecodeConsent, UnknownAndMalformedMeanNotGranted) {
  Intake event = decoded(track({{"context", json::Value::parse(GetParam().context)}}));
  EXPECT_EQ(event.consented, GetParam().consented);
  EXPECT_EQ(event.refused, GetParam().refused);
}

constexpr PurposeSet kMarketing = {Purpose::DirectMarketing};
constexpr PurposeSet kMarketingAndAds = {Purpose::DirectMarketing, Purpose::PersonalisedAdvertising};
constexpr PurposeSet kAnalytics = {Purpose::ServiceUsageAnalytics};

INSTANTIATE_TEST_SUITE_P(
    Table, DecodeConsent,
    testing::Values(
        ConsentCase{"nothing", "{}", {}, {}},
        ConsentCase{"Segment", R"({"consent":{"categoryPreferences":{"Marketing":true,"Analytics":false}}})",
                    kMarketing, kAnalytics},
        ConsentCase{"an unmapped category", R"({"consent":{"categoryPreferences":{"Other":true}}})", {}, {}},
        ConsentCase{"a category in another case", R"({"consent":{"categoryPreferences":{"marketing":true}}})", {}, {}},
        ConsentCase{
            "a purpose's own name", R"({"consent":{"categoryPreferences":{"DirectMarketing":true}}})", kMarketing, {}},
        ConsentCase{"text for truth", R"({"consent":{"categoryPreferences":{"Marketing":"true"}}})", {}, {}},
        ConsentCase{"a number for truth", R"({"consent":{"categoryPreferences":{"Marketing":1}}})", {}, {}},
        ConsentCase{"a list for preferences", R"({"consent":{"categoryPreferences":["Marketing"]}})", {}, {}},
        ConsentCase{"a bare consent", R"({"consent":true})", {}, {}},
        ConsentCase{"RudderStack",
                    R"({"consentManagement":{"provider":"x","allowedConsentIds":["Analytics"],
                       "deniedConsentIds":["C0004"]}})",
                    kAnalytics, kMarketingAndAds},
        ConsentCase{"ids that are no texts", R"({"consentManagement":{"allowedConsentIds":[1,null]}})", {}, {}},
        ConsentCase{"ids that are no list", R"({"consentManagement":{"allowedConsentIds":"Marketing"}})", {}, {}},
        ConsentCase{"both allowed and denied",
                    R"({"consentManagement":{"allowedConsentIds":["Marketing"],"deniedConsentIds":["Marketing"]}})",
                    {},
                    kMarketing},
        ConsentCase{"two categories of one purpose disagree",
                    R"({"consent":{"categoryPreferences":{"Marketing":true,"C0004":false}}})",
                    {},
                    kMarketingAndAds},
        ConsentCase{"two forms disagree",
                    R"({"consent":{"categoryPreferences":{"Marketing":true}},
                        "consentManagement":{"deniedConsentIds":["Marketing"]}})",
                    {},
                    kMarketing}));

TEST_F(Decode, AMissingMessageIdIsMadeFromTheContent) {
  json::Value item = track({{"timestamp", "2026-11-21T11:00:00.000Z"}, {"properties", {{"a", 1}, {"b", 2}}}});
  item.erase("messageId");
  const std::string id = decoded(item).message_id;
  EXPECT_LE(id.size(), 100U);
  EXPECT_EQ(decoded(item).message_id, id);
  json::Value retried = item;
  retried["sentAt"] = "2026-11-21T11:05:00.000Z";
  retried["_metadata"] = {{"retryCount", 2}};
  EXPECT_EQ(decoded(retried).message_id, id) << "a retry differs by when it was sent";
  json::Value other = item;
  other["properties"]["a"] = 2;
  EXPECT_NE(decoded(other).message_id, id);
  json::Value timeless = item;
  timeless.erase("timestamp");
  EXPECT_NE(decoded(timeless).message_id, decoded(timeless).message_id) << "two alike are two where nothing tells";
}

TEST_F(Decode, TheBatchLaysTheGroundForItsItems) {
  json::Value batch = {
      {"sentAt", "2026-11-21T11:00:05.000Z"},
      {"context", {{"locale", "de-DE"}, {"consent", {{"categoryPreferences", {{"Marketing", true}}}}}}}};
  Intake event =
      decoded_in(batch, track({{"timestamp", "2026-11-21T11:00:00.000Z"}, {"context", {{"locale", "fr-FR"}}}}));
  EXPECT_EQ(format_time(event.occurred), "2026-11-21T11:59:55.000Z");
  EXPECT_EQ(context_of(event)["locale"], "fr-FR") << "the item's own goes first";
  EXPECT_EQ(event.consented, kMarketing);
  json::Value refused = track({{"context", {{"consent", {{"categoryPreferences", {{"Marketing", false}}}}}}}});
  EXPECT_EQ(decoded_in(batch, refused).refused, kMarketing);
}

TEST_F(Decode, ABatchKeepsTheGoodAndReportsTheBad) {
  json::Value body = {{"batch", {track(), 7, track({{"messageId", "m2"}}), {{"type", "track"}, {"userId", "u1"}}}}};
  auto batch = decode_batch(body, shop(), kReceived);
  ASSERT_TRUE(batch);
  EXPECT_THAT(batch->places, testing::ElementsAre(0, 2));
  ASSERT_EQ(batch->rejected.size(), 2U);
  EXPECT_EQ(batch->rejected[0].index, 1U);
  EXPECT_EQ(batch->rejected[1].index, 3U);
  EXPECT_EQ(batch->rejected[1].reason, "A track needs its event.");
}

TEST_F(Decode, ABatchNeedsAListOfOneTo2500) {
  auto code = [](const json::Value& body) {
    auto batch = decode_batch(body, shop(), kReceived);
    return batch ? "" : batch.error().code;
  };
  EXPECT_EQ(code(json::Value::object()), "batch_missing");
  EXPECT_EQ(code(json::Value::array()), "batch_missing");
  EXPECT_EQ(code({{"batch", "x"}}), "batch_missing");
  EXPECT_EQ(code({{"batch", json::Value::array()}}), "batch_empty");
  EXPECT_EQ(code({{"batch", std::vector<json::Value>(2'500, track())}}), "");
  EXPECT_EQ(code({{"batch", std::vector<json::Value>(2'501, track())}}), "batch_too_large");
}

http::Request request(http::Headers headers, std::vector<std::pair<std::string, std::string>> query = {}) {
  http::Request out;
  out.headers = std::move(headers);
  out.query = std::move(query);
  return out;
}

TEST(WriteKey, IsFoundWhereverAClientPutsIt) {
  const json::Tree none;
  const json::Tree body(json::Value{{"writeKey", "of-body"}});
  EXPECT_EQ(write_key(request({{"Authorization", "Basic a2V5Og=="}}), none.view()), "key");
  EXPECT_EQ(write_key(request({{"authorization", "basic a2V5"}}), none.view()), "key") << "without the colon";
  EXPECT_EQ(write_key(request({}, {{"writeKey", "of-query"}}), none.view()), "of-query");
  EXPECT_EQ(write_key(request({}), body.view()), "of-body");
  EXPECT_EQ(write_key(request({{"Authorization", "Bearer token"}}), body.view()), "of-body");
  EXPECT_EQ(write_key(request({{"Authorization", "Bearer  key "}}), none.view()), "key");
  EXPECT_EQ(write_key(request({}, {{"writeKey", ""}}), body.view()), "of-body");
  EXPECT_EQ(write_key(request({}), none.view()), "");
  EXPECT_EQ(write_key(request({}), json::Tree(json::Value{{"writeKey", json::Value::object()}}).view()), "");
  EXPECT_EQ(write_key(request({{"Authorization", "Basic %%%"}}), body.view()), "")
      << "a broken header is not passed over";
}

TEST(GlobalPrivacyControl, CountsOnlyIfExactlyOne) {
  EXPECT_TRUE(global_privacy_control(request({{"Sec-GPC", "1"}})));
  EXPECT_TRUE(global_privacy_control(request({{"sec-gpc", "0"}, {"SEC-GPC", "1"}}))) << "one among several is enough";
  EXPECT_FALSE(global_privacy_control(request({})));
  for (const char* value : {"0", "", "true", "11", "1, 1", "1;x", "01"}) {
    EXPECT_FALSE(global_privacy_control(request({{"Sec-GPC", value}}))) << value;
  }
}

// The folder `shared` beside the project, looked for upwards from where the test runs.
std::filesystem::path beside_the_project() {
  std::filesystem::path folder = std::filesystem::current_path();
  while (folder.has_relative_path() && !std::filesystem::is_directory(folder / "shared")) folder = folder.parent_path();
  return folder / "shared";
}

// A recorded request's body, undone.
std::string body_of(const json::Value& recorded) {
  if (!recorded.contains("body_base64")) return recorded.value("body", "");
  http::Headers headers;
  for (const auto& [name, value] : recorded["headers"].items()) headers.emplace_back(name, value.get<std::string>());
  auto plain = http::inflate(*crypto::from_base64(recorded["body_base64"].get<std::string>()),
                             *http::content_coding(headers), 4 << 20);
  EXPECT_TRUE(plain);
  return plain.value_or("");
}

// Decodes what was sent to one route; answers how many events, nothing where the route takes none.
std::optional<std::size_t> decode_recorded(const json::Value& recorded) {
  const std::string path = recorded["path"].get<std::string>();
  const std::string route = path.substr(0, path.find('?'));
  if (recorded["method"] != "POST" || !route.starts_with("/v1/") || route == "/v1/m") return std::nullopt;
  auto body = json::parse(body_of(recorded));
  EXPECT_TRUE(body) << route;
  if (!body) return std::nullopt;
  if (route == "/v1/batch" || route == "/v1/b") {
    auto batch = decode_batch(*body, shop(), kReceived);
    EXPECT_TRUE(batch && batch->rejected.empty()) << route;
    return batch ? batch->events.size() : 0;
  }
  auto event = decode_event(*body, std::nullopt, shop(), kReceived);
  EXPECT_TRUE(event) << route;
  if (!event) return std::nullopt;
  EXPECT_TRUE(event->original) << route;
  EXPECT_TRUE(route.substr(4).starts_with(name_of(event->type)[0])) << route;
  return 1;
}

TEST_F(Decode, WhatRealClientsWereSeenSending) {
  const char* shared = std::getenv("HANDSCHLAG_SHARED");
  std::filesystem::path folder = std::filesystem::path(shared != nullptr ? shared : beside_the_project()) / "data/wire";
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "No recorded requests at " << folder << "; set HANDSCHLAG_SHARED.\n";
    GTEST_SKIP() << "no recorded requests at " << folder;
  }
  for (const char* name : {"segment-node", "segment-browser", "rudderstack-node", "rudderstack-browser"}) {
    std::ifstream file(folder / (std::string(name) + ".jsonl"));
    ASSERT_TRUE(file) << name;
    std::size_t events = 0;
    for (std::string line; std::getline(file, line);) events += decode_recorded(json::Value::parse(line)).value_or(0);
    EXPECT_GE(events, 2U) << name;
  }
}

}  // namespace
}  // namespace handschlag::events::wire
