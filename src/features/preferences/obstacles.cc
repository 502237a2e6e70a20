#include "features/preferences/obstacles.h"

#include <algorithm>

#include "features/templates/templates.h"

namespace handschlag::preferences {
namespace {

struct Words {
  std::string_view name;
  Text text;
  Text way_out;
};

constexpr Words kNoAddress = {
    "no_address",
    {"Es ist keine Adresse bekannt, an die sie gehen könnte.", "No address is known to which it could go."},
    {"Eine Adresse erfragen; behauptete zählen nicht.", "Ask for an address; merely claimed ones do not count."}};
constexpr Words kNoGateway = {
    "no_gateway",
    {"Hier geht keine Textnachricht hinaus: Es ist kein Gateway eingerichtet.",
     "No text message leaves here: no gateway is set up."},
    {"Der Betrieb richtet unter [gateway] eines ein.", "Operations sets one up under [gateway]."}};
constexpr Words kNoTemplate = {"no_template",
                               {"Für diesen Zweck gibt es keine Vorlage.", "There is no template for this purpose."},
                               {"Unter Nachrichten eine Vorlage für diesen Zweck veröffentlichen.",
                                "Publish a template for this purpose under Messages."}};
constexpr Words kBaseUrlMissing = {"no_way_to_unsubscribe",
                                   {"Niemand könnte sich mit einem Klick abmelden: mail.base_url fehlt.",
                                    "Nobody could unsubscribe by one click: mail.base_url is missing."},
                                   {"Der Betrieb trägt mail.base_url ein, mit https:// am Anfang.",
                                    "Operations sets mail.base_url, beginning with https://."}};
constexpr Words kBaseUrlOpen = {
    "no_way_to_unsubscribe",
    {"Niemand könnte sich mit einem Klick abmelden: mail.base_url beginnt nicht mit https://.",
     "Nobody could unsubscribe by one click: mail.base_url does not begin with https://."},
    {"Der Betrieb macht den Server über https:// erreichbar und trägt das bei mail.base_url ein.",
     "Operations makes the server reachable over https:// and says so in mail.base_url."}};
constexpr Words kOthers[] = {
    {"unreachable",
     {"Die Adresse gibt es nicht mehr.", "The address does not exist any more."},
     {"Eine andere Adresse, die zugestellt werden kann.", "Another address that can be delivered to."}},
    {"too_often",
     {"Die Person hat schon so viele solche Nachrichten bekommen, wie sie höchstens bekommt.",
      "The person was written to like this as often as anybody is at most."},
     {"Warten. Wie viele es höchstens sind, legt der Betrieb fest ([outreach]).",
      "Wait. How many there are at most is set by operations ([outreach])."}},
};

Obstacle told(const Words& words) {
  return {std::string(words.name), words.text, words.way_out};
}

Obstacle named(const std::string& name, const Outbox& outbox) {
  if (name == kBaseUrlMissing.name) return told(outbox.base_url_named ? kBaseUrlOpen : kBaseUrlMissing);
  for (const Words& words : kOthers) {
    if (words.name == name) return told(words);
  }
  const gate::Rule rule = gate::find_rule(name).value_or(gate::Rule::none);
  return {name, {gate::text_of(rule, "de"), gate::text_of(rule, "en")}, {}};
}

Result<bool> has_template(const Outbox& outbox, gate::Purpose purpose) {
  const auto list = TRY(outbox.templates->list());
  return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.purpose == purpose; });
}

}  // namespace

Result<std::optional<Obstacle>> obstacle_of(db::Transaction& tx, const Outbox& outbox, std::string_view region,
                                            const identity::Customer& customer, gate::Purpose purpose,
                                            gate::Channel channel) {
  if (channel != gate::Channel::email && channel != gate::Channel::sms) return std::optional<Obstacle>();
  if (channel == gate::Channel::sms && !outbox.outreach->carries(channel)) return std::optional(told(kNoGateway));
  std::optional<Obstacle> first;
  for (const identity::Identity& member : customer.identities) {
    for (const identity::HeldKey& key : member.keys) {
      if (key.kind != *consent::address_kind(channel) || key.standing == identity::Standing::claimed) continue;
      // What was taken for an address once and is none reaches nobody.
      const auto address = identity::make_key(key.kind, key.value, {"", sources::kOwnController, member.country});
      if (!address) continue;
      const std::string name =
          TRY(outbox.outreach->obstacle(tx, {std::string(region), member.id, *address, purpose, channel}));
      if (name.empty()) {
        return TRY(has_template(outbox, purpose)) ? std::optional<Obstacle>() : std::optional(told(kNoTemplate));
      }
      if (!first) first = named(name, outbox);
    }
  }
  return first ? first : std::optional(told(kNoAddress));
}

}  // namespace handschlag::preferences
