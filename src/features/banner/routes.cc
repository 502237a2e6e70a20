#include "features/banner/banner.h"
#include "features/sources/origins.h"
#include "platform/http/conditional.h"

namespace handschlag::banner {
namespace {

// For so long a change may go unnoticed.
constexpr std::string_view kKept = "public, max-age=300";

Result<sources::SourcePointer> source_of(const http::Request& request, const sources::Sources& sources) {
  auto source = sources.by_write_key(request.path_param("writeKey"));
  if (!source) {
    return fail(ErrorKind::unauthenticated, "write_key_unknown", "The write key is unknown; it stands in the address.");
  }
  if (!source->enabled) return fail(ErrorKind::not_found, "source_disabled", "This source is switched off.");
  if (!sources::allows_origin(*source, request.header("origin"))) {
    return fail(ErrorKind::forbidden, "origin_not_listed", "Pages of this origin may not send to this source.");
  }
  return source;
}

http::Response answer(const http::Request& request, const sources::Sources& sources, const notices::Notices& notices,
                      const law::InForce& law, const Clock& clock) {
  const auto source = source_of(request, sources);
  if (!source) return http::Response::problem(source.error());
  const auto in_force = law.current();
  const Input input{source->get(), notices.entries(), notices.in_force(), in_force.get(), clock.now()};
  return std::move(http::tagged(request, compose(input, request.query_param("language").value_or("en")))
                       .with("Cache-Control", kKept));
}

}  // namespace

void bind_routes(http::Router& router, const sources::Sources& sources, const notices::Notices& notices,
                 const law::InForce& law, const Clock& clock) {
  router.bind("getBanner", [&](const http::Request& request) { return answer(request, sources, notices, law, clock); });
}

}  // namespace handschlag::banner
