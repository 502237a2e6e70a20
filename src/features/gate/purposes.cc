#include "features/gate/purposes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace handschlag::gate {
namespace {

using enum Purpose;
using enum Basis;

// In the order of the enumeration, so that a purpose is its own index.
constexpr std::array kPurposes = {
    PurposeInfo{CustomerOrderManagement, "CustomerOrderManagement", contract, false,
                "eine Bestellung oder einen Kauf abwickeln", "carrying out an order or a purchase"},
    PurposeInfo{CustomerCare, "CustomerCare", contract, false, "helfen, wenn jemand uns braucht",
                "helping when somebody needs us"},
    PurposeInfo{CommunicationForCustomerCare, "CommunicationForCustomerCare", contract, false, "auf Fragen antworten",
                "answering questions"},
    PurposeInfo{CustomerClaimsManagement, "CustomerClaimsManagement", contract, false,
                "eine Beschwerde oder Reklamation bearbeiten", "handling a complaint or claim"},
    PurposeInfo{CustomerRelationshipManagement, "CustomerRelationshipManagement", contract, false,
                "die Kundenbeziehung pflegen", "looking after the relationship with a customer"},
    PurposeInfo{DirectMarketing, "DirectMarketing", consent, false, "Angebote schicken", "sending offers"},
    PurposeInfo{PersonalisedAdvertising, "PersonalisedAdvertising", consent, false,
                "auf die Person zugeschnittene Werbung zeigen", "showing advertising chosen for the person"},
    PurposeInfo{ServicePersonalisation, "ServicePersonalisation", consent, false,
                "den Dienst auf die Person zuschneiden", "fitting the service to the person"},
    PurposeInfo{ProvidePersonalisedRecommendations, "ProvidePersonalisedRecommendations", consent, false,
                "passende Empfehlungen geben", "recommending what fits"},
    PurposeInfo{PersonalisedBenefits, "PersonalisedBenefits", consent, false, "persönliche Vorteile gewähren",
                "granting personal benefits"},
    PurposeInfo{ServiceUsageAnalytics, "ServiceUsageAnalytics", consent, true, "verstehen, wie der Dienst genutzt wird",
                "understanding how the service is used"},
    PurposeInfo{ImproveExistingProductsAndServices, "ImproveExistingProductsAndServices", consent, true,
                "Produkte und Dienste verbessern", "improving products and services"},
    PurposeInfo{FraudPreventionAndDetection, "FraudPreventionAndDetection", legitimate_interest, false,
                "Betrug verhindern", "preventing fraud"},
    PurposeInfo{IdentityVerification, "IdentityVerification", contract, false, "prüfen, wer jemand ist",
                "checking who somebody is"},
    PurposeInfo{LegalCompliance, "LegalCompliance", legal_obligation, false, "gesetzliche Pflichten erfüllen",
                "meeting duties under the law"},
    PurposeInfo{RightsFulfilment, "RightsFulfilment", legal_obligation, false, "die Rechte der Person erfüllen",
                "fulfilling the person's rights"},
    PurposeInfo{SellDataToThirdParties, "SellDataToThirdParties", consent, false, "Daten an Dritte verkaufen",
                "selling data to others"},
    PurposeInfo{SatisfactionSurvey, "SatisfactionSurvey", consent, true, "nach der Zufriedenheit fragen",
                "asking how satisfied somebody is"},
    PurposeInfo{IdentityLinking, "IdentityLinking", consent, false, "mehrere Konten einer Person verbinden",
                "connecting several accounts of one person"},
    PurposeInfo{LocationOffers, "LocationOffers", consent, false, "Angebote nach dem Ort machen",
                "making offers by place"},
    PurposeInfo{BehaviourPrediction, "BehaviourPrediction", consent, false, "Verhalten vorhersagen",
                "predicting behaviour"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kPurposes.size(); ++i) {
    if (static_cast<std::size_t>(kPurposes[i].purpose) != i) return false;
  }
  return true;
}
static_assert(in_order());

constexpr std::array<std::string_view, 6> kBasisCodes = {"A6-1-a", "A6-1-b", "A6-1-c", "A6-1-d", "A6-1-e", "A6-1-f"};

constexpr PurposeSet kService = {CustomerOrderManagement,  CustomerCare,         CommunicationForCustomerCare,
                                 CustomerClaimsManagement, IdentityVerification, CustomerRelationshipManagement,
                                 RightsFulfilment};
constexpr PurposeSet kSales = {CustomerOrderManagement, CustomerRelationshipManagement, CustomerCare};
constexpr PurposeSet kExperience = {ServiceUsageAnalytics, ImproveExistingProductsAndServices,
                                    SatisfactionSurvey,    CustomerClaimsManagement,
                                    CustomerCare,          CustomerOrderManagement};
constexpr PurposeSet kMarketing = {DirectMarketing,      PersonalisedAdvertising, ServicePersonalisation,
                                   PersonalisedBenefits, LocationOffers,          ProvidePersonalisedRecommendations};

}  // namespace

std::span<const PurposeInfo> purposes() {
  return kPurposes;
}

const PurposeInfo& info(Purpose purpose) {
  return kPurposes[static_cast<std::size_t>(purpose)];
}

std::optional<Purpose> find_purpose(std::string_view name) {
  for (const PurposeInfo& entry : kPurposes) {
    if (entry.name == name) return entry.purpose;
  }
  return std::nullopt;
}

std::string_view code_of(Basis basis) {
  return kBasisCodes[static_cast<std::size_t>(basis)];
}

std::optional<Basis> find_basis(std::string_view code) {
  if (code.starts_with("eu-gdpr:")) code.remove_prefix(8);
  for (std::size_t i = 0; i < kBasisCodes.size(); ++i) {
    if (kBasisCodes[i] == code) return static_cast<Basis>(i);
  }
  return std::nullopt;
}

PurposeSet PurposeSet::all() {
  return from_bits((std::int64_t{1} << kPurposes.size()) - 1);
}

std::vector<std::string> PurposeSet::names() const {
  std::vector<std::string> out;
  for (const PurposeInfo& entry : kPurposes) {
    if (has(entry.purpose)) out.emplace_back(entry.name);
  }
  return out;
}

Result<DeclaredPurpose> parse_declared_purpose(std::string_view text) {
  std::size_t colon = text.find(':');
  auto purpose = find_purpose(text.substr(0, colon));
  if (!purpose) {
    return fail(ErrorKind::invalid, "purpose_unknown",
                fmt::format("'{}' is not a known purpose; known are {}.", text.substr(0, colon),
                            fmt::join(PurposeSet::all().names(), ", ")));
  }
  if (colon == std::string_view::npos) return DeclaredPurpose{*purpose, info(*purpose).default_basis};
  auto basis = find_basis(text.substr(colon + 1));
  if (!basis) {
    return fail(ErrorKind::invalid, "basis_unknown",
                fmt::format("'{}' is not a basis; known are {} (GDPR Art. 6).", text.substr(colon + 1),
                            fmt::join(kBasisCodes, ", ")));
  }
  return DeclaredPurpose{*purpose, *basis};
}

PurposeSet link_purposes(PurposeSet a, PurposeSet b) {
  PurposeSet out = a & b;
  if (!(a & kService).empty() && !(b & kService).empty()) out = out | ((a | b) & kService);
  return out;
}

PurposeSet linkable_purposes(PurposeSet a, PurposeSet b) {
  PurposeSet out = link_purposes(a, b);
  return (out & kService).empty() ? out : out | kService;
}

PurposeSet purposes_of_role(std::string_view role) {
  if (role == "admin" || role == "data_protection_officer") return PurposeSet::all();
  if (role == "agent" || role == "supervisor") return kService;
  // Of a broker's own customers: staff::Caller has the unit that says who they are.
  if (role == "sales" || role == "broker") return kSales;
  if (role == "experience_manager") return kExperience;
  if (role == "marketer") return kMarketing;
  if (role == "customer") return {Purpose::RightsFulfilment};  // at what is theirs
  // Operator and executive see no customer. An unknown role sees nothing.
  return {};
}

std::span<const std::pair<std::string_view, Category>> categories() {
  static constexpr std::pair<std::string_view, Category> kCategories[] = {
      {"special", special}, {"location", location}, {"recording", recording}};
  return kCategories;
}

std::optional<Category> find_category(std::string_view name) {
  for (const auto& [known, category] : categories()) {
    if (known == name) return category;
  }
  return std::nullopt;
}

}  // namespace handschlag::gate
