#include "features/staff/staff.h"

namespace handschlag::staff {
namespace {

constexpr RoleInfo kRoles[] = {
    {Role::admin, "admin", "Verwaltet Zugänge, Quellen und Einstellungen.", "Manages access, sources and settings."},
    {Role::operator_, "operator", "Betreibt den Server: Zustand, Sicherung, Aktualisierung.",
     "Runs the server: health, backup, updates."},
    {Role::agent, "agent", "Hilft Kundinnen und Kunden bei Fragen und Beschwerden.",
     "Helps customers with questions and complaints."},
    {Role::supervisor, "supervisor", "Leitet ein Serviceteam, verteilt Fälle und hilft, wo es klemmt.",
     "Leads a service team, assigns cases and helps where they get stuck."},
    {Role::experience_manager, "experience_manager",
     "Misst die Zufriedenheit je Berührungspunkt und behebt, was stört.",
     "Measures satisfaction per touchpoint and mends what goes wrong."},
    {Role::marketer, "marketer", "Gestaltet Angebote für die, die sie erhalten möchten.",
     "Designs offers for those who want to receive them."},
    {Role::sales, "sales", "Berät Kundinnen und Kunden beim Kauf.", "Advises customers on what they buy."},
    {Role::broker, "broker", "Betreut als Vermittler die Kundinnen und Kunden des eigenen Teils.",
     "Looks after their own customers, those of their unit, as an intermediary."},
    {Role::data_protection_officer, "data_protection_officer",
     "Prüft Einwilligungen, Nutzungen und Anträge und belegt sie.", "Checks and proves consents, uses and requests."},
    {Role::executive, "executive", "Sieht Kennzahlen, niemals einzelne Personen.",
     "Sees figures, never individual people."},
    {Role::integration, "integration", "Gibt Ereignisse an andere Systeme des Unternehmens weiter; nur für Programme.",
     "Hands events to other systems of the company; for programs only."},
};

}  // namespace

std::span<const RoleInfo> roles() {
  return kRoles;
}

std::string_view name_of(Role role) {
  for (const RoleInfo& info : kRoles) {
    if (info.role == role) return info.name;
  }
  return "";
}

std::optional<Role> find_role(std::string_view name) {
  for (const RoleInfo& info : kRoles) {
    if (info.name == name) return info.role;
  }
  return std::nullopt;
}

bool is_grave(Role role) {
  return role == Role::admin || role == Role::data_protection_officer;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::denied:
      return "denied";
    case Outcome::failed:
      break;
  }
  return "failed";
}

}  // namespace handschlag::staff
