#include <fmt/format.h>

#include "app/app.h"
#include "embedded/openapi.h"
#include "embedded/welcome.h"

namespace handschlag::app {
namespace {

http::Response ready(App& app) {
  json::Value parts = json::Value::object();
  bool all = true;
  auto look = [&](const std::string& part, const Result<void>& result) {
    parts[part] = result ? "ready" : "not ready";
    all = all && result.has_value();
  };
  look("control", app.control().ping());
  for (const auto& region : app.regions().all()) {
    look(fmt::format("{}.data", region->id()), region->data().ping());
    look(fmt::format("{}.vault", region->id()), region->vault().ping());
    look(fmt::format("{}.ledger", region->id()), region->ledger().ping());
  }
  auto response = http::Response::json(all ? 200 : 503, {{"status", all ? "ready" : "not ready"}, {"parts", parts}});
  if (!all) response.with("Retry-After", "5");
  return response;
}

http::Response metrics(App& app) {
  app.process_meters().refresh();
  for (const auto& region : app.regions().all()) {
    app.metrics()
        .gauge("handschlag_writer_queue", "Tasks that wait for a region's writer", {{"region", region->id()}})
        .set(static_cast<double>(region->writer().queued()));
  }
  return http::Response::text(200, app.metrics().render(), "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

void bind_service_routes(http::Router& router, App& app) {
  router.bind_at_once("healthz", [](std::shared_ptr<const http::Request>, http::Responder responder) {
    responder.send(http::Response::json(200, {{"status", "ok"}}));
  });
  router.bind("readyz", [&app](const http::Request&) { return ready(app); });
  router.bind("metrics", [&app](const http::Request&) { return metrics(app); });
  router.bind("getApiDescription", [](const http::Request&) {
    return http::Response::text(200, std::string(embedded::openapi), "application/json");
  });
  router.bind("welcome", [](const http::Request&) {
    return http::Response::text(200, std::string(embedded::welcome), "text/html; charset=utf-8")
        .with("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  });
}

}  // namespace handschlag::app
