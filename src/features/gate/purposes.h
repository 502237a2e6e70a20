// The registry of purposes: why data is used, named by the W3C Data Privacy Vocabulary where it has a term.
// Constant data; thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/base/result.h"

namespace handschlag::gate {

// The number is stored with every event (as a bit of a set): never renumber, only append. At most 63.
enum class Purpose : std::uint8_t {
  CustomerOrderManagement = 0,
  CustomerCare = 1,
  CommunicationForCustomerCare = 2,
  CustomerClaimsManagement = 3,
  CustomerRelationshipManagement = 4,
  DirectMarketing = 5,
  PersonalisedAdvertising = 6,
  ServicePersonalisation = 7,
  ProvidePersonalisedRecommendations = 8,
  PersonalisedBenefits = 9,
  ServiceUsageAnalytics = 10,
  ImproveExistingProductsAndServices = 11,
  FraudPreventionAndDetection = 12,
  IdentityVerification = 13,
  LegalCompliance = 14,
  RightsFulfilment = 15,
  SellDataToThirdParties = 16,
  SatisfactionSurvey = 17,
  IdentityLinking = 18,
  LocationOffers = 19,
  BehaviourPrediction = 20,
};

// GDPR Art. 6(1), as DPV spells it: "A6-1-a" ...
enum class Basis : std::uint8_t {
  consent,              // A6-1-a
  contract,             // A6-1-b
  legal_obligation,     // A6-1-c
  vital_interest,       // A6-1-d
  public_task,          // A6-1-e
  legitimate_interest,  // A6-1-f
};

struct PurposeInfo {
  Purpose purpose;
  std::string_view name;  // the DPV term, or ours where DPV has none
  Basis default_basis;    // where a source names none
  // Without consent an event may still be kept, with no tie to any person (counting visits, not visitors).
  bool unlinked_without_consent;
  std::string_view german;  // for people: "Angebote schicken", "sending offers"
  std::string_view english;
};

std::span<const PurposeInfo> purposes();
const PurposeInfo& info(Purpose purpose);
std::optional<Purpose> find_purpose(std::string_view name);

std::string_view code_of(Basis basis);  // "A6-1-b"
std::optional<Basis> find_basis(std::string_view code);

// A set of purposes, stored as one integer.
class PurposeSet {
 public:
  constexpr PurposeSet() = default;
  constexpr PurposeSet(std::initializer_list<Purpose> purposes) {
    for (Purpose purpose : purposes) add(purpose);
  }
  static constexpr PurposeSet from_bits(std::int64_t bits) {
    PurposeSet set;
    set.bits_ = bits;
    return set;
  }
  static PurposeSet all();
  constexpr void add(Purpose purpose) { bits_ |= bit(purpose); }
  constexpr void remove(Purpose purpose) { bits_ &= ~bit(purpose); }
  constexpr bool has(Purpose purpose) const { return (bits_ & bit(purpose)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::int64_t bits() const { return bits_; }
  constexpr PurposeSet operator&(PurposeSet other) const { return from_bits(bits_ & other.bits_); }
  constexpr PurposeSet operator|(PurposeSet other) const { return from_bits(bits_ | other.bits_); }
  friend constexpr bool operator==(PurposeSet, PurposeSet) = default;
  std::vector<std::string> names() const;

 private:
  static constexpr std::int64_t bit(Purpose purpose) { return std::int64_t{1} << static_cast<int>(purpose); }
  std::int64_t bits_ = 0;
};

// One purpose of a source with the basis it rests on.
struct DeclaredPurpose {
  Purpose purpose;
  Basis basis;
  friend bool operator==(const DeclaredPurpose&, const DeclaredPurpose&) = default;
};

// "CustomerCare" or "CustomerCare:A6-1-f". Errors: invalid, with the names that are known.
Result<DeclaredPurpose> parse_declared_purpose(std::string_view text);

// For which purposes two identities may be joined when a value both hold shows that they are one person, given for what
// each side's value was taken. Service purposes that rest on contract or law join among themselves, since a question
// about an order is answered at the hotline; all others join only where both sides have the very purpose.
PurposeSet link_purposes(PurposeSet a, PurposeSet b);

// The same for a link that a person states: sides that share any service purpose may be joined for all of them.
PurposeSet linkable_purposes(PurposeSet a, PurposeSet b);

// The purposes for which a staff role may look at a customer's data; empty for an unknown role.
PurposeSet purposes_of_role(std::string_view role);

// What kind of data a use touches, beyond the ordinary. Bits.
enum Category : std::uint32_t {
  ordinary = 0,
  special = 1u << 0,    // health, fitness, beliefs ...: GDPR Art. 9
  location = 1u << 1,   // where somebody is
  recording = 1u << 2,  // what a device heard or saw
};

// "special", "location", "recording"; ordinary has no name.
std::span<const std::pair<std::string_view, Category>> categories();
std::optional<Category> find_category(std::string_view name);

}  // namespace handschlag::gate
