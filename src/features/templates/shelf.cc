#include <fmt/format.h>

#include "features/templates/store.h"
#include "features/templates/templates.h"

namespace handschlag::templates {
namespace {

class TemplatesImpl final : public Templates {
 public:
  TemplatesImpl(db::Database& control, staff::Staff& staff, const Clock& clock)
      : control_(control), staff_(staff), clock_(clock) {}

  Result<Template> find(std::string_view id, std::int64_t version) override {
    if (find_built_in(id) != nullptr) return built_in_shelf().find(id, version);
    std::optional<Template> found;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      found = TRY(store::find(tx, id, version));
      return {};
    }));
    if (found) return *std::move(found);
    return fail(ErrorKind::not_found, "template_unknown", "There is no such template, or not in that version.");
  }

  Result<std::vector<Template>> list() override {
    std::vector<Template> out;
    TRY(control_.read([&](db::Transaction& tx) -> Result<void> {
      out = TRY(store::newest(tx));
      return {};
    }));
    out.insert(out.end(), built_in().begin(), built_in().end());
    return out;
  }

  Result<Template> publish(const staff::Actor& actor, Template one) override {
    one.built_in = false;
    one.version = 1;
    TRY(check(one));
    if (find_built_in(one.id) != nullptr) {
      return fail(ErrorKind::conflict, "template_built_in", "The program has a template of that id; choose another.");
    }
    TRY(control_.write([&](db::Transaction& tx) -> Result<void> {
      const auto before = TRY(store::find(tx, one.id, 0));
      if (before && before->purpose != one.purpose) {
        return fail(ErrorKind::conflict, "template_purpose_differs",
                    fmt::format("This template is for {}; what is for another purpose is another template.",
                                gate::info(before->purpose).name));
      }
      one.version = before ? before->version + 1 : 1;
      one.published_at = clock_.now();
      one.published_by = actor.principal;
      TRY(store::insert(tx, one));
      return staff_.record(
          tx, {actor.principal, "publishTemplate", fmt::format("{}.{}", one.id, one.version), actor.trace_id});
    }));
    return one;
  }

 private:
  db::Database& control_;
  staff::Staff& staff_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Templates> Templates::create(db::Database& control, staff::Staff& staff, const Clock& clock) {
  return std::make_unique<TemplatesImpl>(control, staff, clock);
}

}  // namespace handschlag::templates
