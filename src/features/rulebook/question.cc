// What other systems ask of the gate, as JSON.
#include <fmt/format.h>

#include "features/rulebook/json.h"
#include "platform/text/zone.h"

namespace handschlag::rulebook {
namespace {

constexpr std::pair<std::string_view, gate::ConsentState> kStates[] = {{"unknown", gate::ConsentState::unknown},
                                                                       {"given", gate::ConsentState::given},
                                                                       {"refused", gate::ConsentState::refused}};
constexpr std::pair<std::string_view, gate::Strength> kStrengths[] = {{"none", gate::Strength::none},
                                                                      {"claimed", gate::Strength::claimed},
                                                                      {"stated", gate::Strength::stated},
                                                                      {"confirmed", gate::Strength::confirmed}};
constexpr std::pair<std::string_view, gate::Register> kRegisters[] = {
    {"not_asked", gate::Register::not_asked}, {"clear", gate::Register::clear}, {"listed", gate::Register::listed}};
constexpr int kOldest = 150;

class QuestionReader {
 public:
  QuestionReader(json::Reader& reader, Time now, AskedQuestion& out) : reader_(reader), out_(out), q_(out.question) {
    q_.at = now;
  }

  void read() {
    read_use();
    read_interest();
    read_consent();
    read_person();
    read_message();
    read_recipient();
  }

 private:
  void read_use() {
    const std::string use = reader_.text("use");
    if (auto found = gate::find_use(use)) {
      q_.use = *found;
    } else if (!use.empty()) {
      reader_.error("use", "must be store, view, contact, decide, export, train, move or link");
    }
    const std::string purpose = reader_.text("purpose");
    if (auto found = gate::find_purpose(purpose)) {
      q_.purpose = *found;
    } else if (!purpose.empty()) {
      reader_.error("purpose", "must be one of GET /api/v1/purposes");
    }
    q_.basis = gate::info(q_.purpose).default_basis;
    if (auto basis = reader_.optional_text("basis")) {
      auto found = gate::find_basis(*basis);
      if (!found) reader_.error("basis", "must be A6-1-a to A6-1-f");
      q_.basis = found.value_or(gate::Basis::consent);
    }
    if (auto channel = reader_.optional_text("channel")) {
      auto found = law::find_channel(*channel);
      if (!found) reader_.error("channel", "must be email, sms, phone, post, push, web or social");
      q_.channel = found.value_or(law::Channel::none);
    }
    for (const std::string& name : reader_.texts("categories", gate::categories().size())) {
      const auto found = gate::find_category(name);
      if (!found) reader_.error("categories", "must be special, location or recording");
      q_.categories |= found.value_or(gate::ordinary);
    }
    if (auto at = time(reader_, "at")) q_.at = *at;
    out_.controller = reader_.optional_text("controller").value_or("");
    q_.controller = out_.controller;
  }

  void read_interest() {
    const auto weighed = reader_.optional_boolean("interest_assessed");
    out_.says_weighed = weighed.has_value();
    q_.interest_weighed = weighed.value_or(false);
  }

  void read_consent() {
    q_.global_privacy_control = flag(reader_, "global_privacy_control");
    const json::Value* object = reader_.object("consent");
    if (object == nullptr) return;
    json::Reader consent(*object, reader_.pointer("consent"));
    const std::string state = consent.text("state");
    q_.consent = find(kStates, consent, "state", state, gate::ConsentState::unknown);
    if (auto strength = consent.optional_text("strength")) {
      q_.strength = find(kStrengths, consent, "strength", *strength, gate::Strength::none);
    }
    q_.explicit_consent = flag(consent, "explicit");
    q_.quiet_hours_consent = flag(consent, "quiet_hours");
    q_.recipient_named = flag(consent, "recipient_named");
    if (auto given = time(consent, "given_at")) q_.consented_at = *given;
    if (q_.consented_at > q_.at) consent.error("given_at", "must not be after the time of the question");
    reader_.merge(consent);
  }

  void read_person() {
    const json::Value* object = reader_.object("person");
    if (object == nullptr) return;
    json::Reader person(*object, reader_.pointer("person"));
    out_.country = person.optional_text("country", {.max_length = 6}).value_or("");
    check_country(person, "country", out_.country);
    q_.country = out_.country;
    if (auto age = person.optional_integer("age", 0, kOldest)) q_.age = static_cast<int>(*age);
    q_.for_children = flag(person, "for_children");
    q_.guardian = flag(person, "guardian");
    q_.restricted = flag(person, "restricted");
    if (auto known = person.optional_boolean("known")) q_.person_known = *known;
    if (auto zone = person.optional_text("time_zone", {.max_length = 64})) read_zone(person, *zone);
    q_.from_device = flag(person, "from_device");
    reader_.merge(person);
  }

  static void check_country(json::Reader& reader, std::string_view name, const std::string& code) {
    if (code.empty() || law::is_country_code(code)) return;
    reader.error(name, "must be ISO 3166, such as DE or US-CA; leave it out where it is not known");
  }

  void read_zone(json::Reader& person, const std::string& name) {
    auto zone = text::Zone::find(name);
    if (!zone) return person.error("time_zone", "must be an IANA name such as Europe/Berlin");
    const auto local = zone->to_local(q_.at).time_since_epoch();
    const auto day = std::chrono::floor<std::chrono::days>(local);
    q_.local_minute = static_cast<int>(std::chrono::floor<std::chrono::minutes>(local - day).count());
  }

  void read_message() {
    q_.tells_objection = flag(reader_, "tells_objection");
    if (auto name = reader_.optional_text("register")) {
      q_.objections = find(kRegisters, "register", *name, gate::Register::not_asked);
    }
    q_.weighty = flag(reader_, "weighty");
    q_.reviewed = flag(reader_, "reviewed");
    const json::Value* object = reader_.object("sale");
    if (object == nullptr) return;
    json::Reader sale(*object, reader_.pointer("sale"));
    q_.sale.address_from_sale = flag(sale, "address_from_sale");
    q_.sale.own_similar_goods = flag(sale, "own_similar_goods");
    q_.sale.told_when_collected = flag(sale, "told_when_collected");
    q_.sale.business_relationship = flag(sale, "business_relationship");
    if (auto at = time(sale, "at")) q_.sale.at = *at;
    if (q_.sale.at > q_.at) sale.error("at", "must not be after the time of the question");
    reader_.merge(sale);
  }

  void read_recipient() {
    out_.role = reader_.optional_text("role", {.max_length = 40}).value_or("");
    q_.role = out_.role;
    q_.stored_for = purposes("stored_for");
    q_.granted = purposes("granted");
    out_.to_country = reader_.optional_text("to_country", {.max_length = 6}).value_or("");
    check_country(reader_, "to_country", out_.to_country);
    q_.to_country = out_.to_country;
    q_.safeguards = flag(reader_, "safeguards");
    out_.to_region = reader_.optional_text("to_region").value_or("");
    q_.to_region = out_.to_region;
    out_.home = reader_.optional_text("home_region").value_or("");
    q_.home = out_.home;
  }

  gate::PurposeSet purposes(std::string_view name) {
    gate::PurposeSet out;
    for (const std::string& each : reader_.texts(name, 64)) {
      auto found = gate::find_purpose(each);
      if (!found) reader_.error(name, "must be names of GET /api/v1/purposes");
      if (found) out.add(*found);
    }
    return out;
  }

  static bool flag(json::Reader& reader, std::string_view name) {
    return reader.optional_boolean(name).value_or(false);
  }

  static std::optional<Time> time(json::Reader& reader, std::string_view name) {
    auto text = reader.optional_text(name, {.max_length = 40});
    if (!text) return std::nullopt;
    auto parsed = parse_time(*text);
    if (!parsed) reader.error(name, "must be a time such as 2026-11-22T10:00:00Z");
    return parsed ? std::optional(*parsed) : std::nullopt;
  }

  template <class Value, std::size_t N>
  Value find(const std::pair<std::string_view, Value> (&table)[N], std::string_view field, std::string_view name,
             Value otherwise) {
    return find(table, reader_, field, name, otherwise);
  }

  template <class Value, std::size_t N>
  static Value find(const std::pair<std::string_view, Value> (&table)[N], json::Reader& reader, std::string_view field,
                    std::string_view name, Value otherwise) {
    std::string known;
    for (const auto& [each, value] : table) {
      if (each == name) return value;
      known += fmt::format("{}{}", known.empty() ? "" : ", ", each);
    }
    if (!name.empty()) reader.error(field, "must be one of " + known);
    return otherwise;
  }

  json::Reader& reader_;
  AskedQuestion& out_;
  gate::Question& q_;
};

}  // namespace

void read_question(json::Reader& reader, Time now, AskedQuestion& out) {
  QuestionReader(reader, now, out).read();
}

}  // namespace handschlag::rulebook
