// Codes by which somebody shows that something is theirs. Private to the slice; thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "features/linking/linking.h"
#include "platform/crypto/crypto.h"
#include "platform/http/rate.h"

namespace handschlag::linking {

// Whose control was shown.
struct Target {
  Way way = Way::email;
  identity::Key address;                                   // to which the code went
  std::vector<std::pair<std::string, IdentityId>> people;  // of a number: by region; else whoever holds the address
};

class Proofs {
 public:
  static Result<std::unique_ptr<Proofs>> create(const portal::Place& home, outreach::Outreach& outreach,
                                                const Clock& clock, const Settings& settings);

  bool asks_too_often(std::string_view caller);
  // Counts in any case; sends where there is a target and neither side was asked for too often.
  Result<void> send(const Asking& asking, const std::optional<Target>& target);
  // The code's target; the code is used up by it. Errors: as Linking::agree().
  Result<Target> prove(const portal::Customer& customer, std::string_view code);
  Result<void> admit(std::string_view caller);
  Result<void> purge();

 private:
  Proofs(const portal::Place& home, crypto::Key secret, outreach::Outreach& outreach, const Clock& clock,
         const Settings& settings)
      : home_(home), secret_(std::move(secret)), outreach_(outreach), clock_(clock), settings_(settings) {}
  std::string code_digest(const portal::Customer& customer, std::string_view code) const;
  Result<bool> within_limits(db::Transaction& tx, const Asking& asking, Time now) const;

  const portal::Place home_;
  const crypto::Key secret_;
  outreach::Outreach& outreach_;
  const Clock& clock_;
  const Settings settings_;
  http::Buckets askers_{20'000};
  http::Buckets triers_{20'000};
};

}  // namespace handschlag::linking
