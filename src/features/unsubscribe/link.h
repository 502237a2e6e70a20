// What stands in the address of an unsubscribe link: sealed, so that it tells nobody anything and can't be made up, and
// complete, so that nothing needs to be kept for it and it works for years. Pure; thread-safe. Private to the slice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "features/gate/gate.h"
#include "features/identity/identity.h"
#include "platform/crypto/crypto.h"

namespace handschlag::unsubscribe {

// Whose messages for what, and to which address, the link ends.
struct Link {
  IdentityId identity;
  identity::Key address;
  gate::Purpose purpose = gate::Purpose::DirectMarketing;
  gate::Channel channel = gate::Channel::email;
};

// Longer ones are none of ours.
inline constexpr std::size_t kMaxToken = 900;

// In base64url, bound to the region.
std::string seal_link(const crypto::Key& key, std::string_view region, const Link& link);
// Nothing where it was not sealed with this key for this region.
std::optional<Link> open_link(const crypto::Key& key, std::string_view region, std::string_view token);

// What is sealed, as text and back; nothing where it is malformed.
std::string to_text(const Link& link);
std::optional<Link> from_text(std::string_view text);

}  // namespace handschlag::unsubscribe
