// Templates of messages: a subject, a text and maybe HTML in German and English, with places for parameters:
// "Guten Tag {{name}}". A parameter is escaped by where it stands; what a template does not name can't be put in.
// Templates are published in versions, kept in the control database. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "features/gate/purposes.h"
#include "features/staff/staff.h"
#include "platform/base/clock.h"
#include "platform/base/result.h"
#include "platform/db/db.h"
#include "platform/http/router.h"

namespace handschlag::templates {

struct Text {
  std::string subject;
  std::string text;
  std::string html = {};  // the same, or ""
};

struct Template {
  std::string id;  // "spring_offer": lower-case letters, digits, _; up to 64
  std::int64_t version = 1;
  gate::Purpose purpose = gate::Purpose::CustomerCare;
  std::vector<std::string> parameters;  // that its texts may name
  std::map<std::string, Text> texts;    // "de" and "en", both
  bool built_in = false;
  Time published_at{};
  std::string published_by = {};  // principal
};

using Parameters = std::map<std::string, std::string>;

// Given to every message that is more than service: where one click ends them. Such a template must name it.
inline constexpr std::string_view kUnsubscribe = "unsubscribe";

// Whether messages for a purpose must say how to end them.
bool needs_unsubscribe(gate::Purpose purpose);

// Whether a template can be published: both languages there, each place a parameter that it declares and each declared
// one used, in HTML parameters only in text and in href="{{...}}", nothing that runs or loads from elsewhere. Errors:
// invalid "template_invalid", each wrong field named.
Result<void> check(const Template& one);

struct Rendered {
  std::string language;
  std::string subject;
  std::string text;
  std::string html;
};

// `language`: "de" or "en", the default for all else. Errors: invalid "parameters_invalid": one is missing, too many,
// too long, or no https address where a link stands; the field named, never its value.
Result<Rendered> render(const Template& one, std::string_view language, const Parameters& parameters);

// Where templates are found.
class Shelf {
 public:
  virtual ~Shelf() = default;
  // `version`: 0 for the newest. Errors: not_found "template_unknown".
  virtual Result<Template> find(std::string_view id, std::int64_t version) = 0;
};

// Those that the program itself sends: "confirm_consent" (link, code, what), "access_code" (code, link),
// "link_code" (code).
std::span<const Template> built_in();
// No others than those.
Shelf& built_in_shelf();
const Template* find_built_in(std::string_view id);  // nullptr if there is none

std::span<const db::Migration> migrations();

// Those that staff published, and the built-in ones.
class Templates : public Shelf {
 public:
  // `control` (with the migrations of this slice), `staff` and `clock` must outlive this.
  static std::unique_ptr<Templates> create(db::Database& control, staff::Staff& staff, const Clock& clock);

  // Of each the newest version, by id; the built-in ones last.
  virtual Result<std::vector<Template>> list() = 0;
  // The next version. Errors: those of check(); conflict "template_built_in", "template_purpose_differs".
  virtual Result<Template> publish(const staff::Actor& actor, Template one) = 0;
};

void bind_routes(http::Router& router, Templates& templates);

}  // namespace handschlag::templates
