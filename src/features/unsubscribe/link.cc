#include "features/unsubscribe/link.h"

#include <algorithm>

#include "platform/json/json.h"

namespace handschlag::unsubscribe {
namespace {

constexpr std::size_t kMembers = 6;

std::string context_of(std::string_view region) {
  return "unsubscribe_link|" + std::string(region);
}

}  // namespace

std::string to_text(const Link& link) {
  return json::dump(
      json::Value::array({link.identity.value, gate::info(link.purpose).name, law::name_of(link.channel),
                          identity::name_of(link.address.kind), link.address.name_space, link.address.value}));
}

std::optional<Link> from_text(std::string_view text) {
  const auto value = json::parse(text);
  if (!value || !value->is_array() || value->size() != kMembers || !(*value)[0].is_number_integer()) return {};
  if (!std::all_of(value->begin() + 1, value->end(), [](const json::Value& each) { return each.is_string(); })) {
    return {};
  }
  auto word = [&](std::size_t at) { return (*value)[at].get<std::string>(); };
  const auto purpose = gate::find_purpose(word(1));
  const auto channel = law::find_channel(word(2));
  const auto kind = identity::find_kind(word(3));
  Link link;
  link.identity = {(*value)[0].get<std::int64_t>()};
  if (!purpose || !channel || !kind || link.identity.value <= 0) return {};
  link.purpose = *purpose;
  link.channel = *channel;
  link.address = {*kind, word(4), word(5)};
  return link;
}

std::string seal_link(const crypto::Key& key, std::string_view region, const Link& link) {
  return crypto::to_base64url(crypto::seal(key, to_text(link), context_of(region)));
}

std::optional<Link> open_link(const crypto::Key& key, std::string_view region, std::string_view token) {
  if (token.size() > kMaxToken) return {};
  const auto envelope = crypto::from_base64(token);
  if (!envelope) return {};
  const auto text = crypto::open(key, *envelope, context_of(region));
  return text ? from_text(*text) : std::nullopt;
}

}  // namespace handschlag::unsubscribe
