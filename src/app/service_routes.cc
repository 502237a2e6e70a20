#include <fmt/format.h>

#include "app/app.h"
#include "app/pages.h"
#include "embedded/openapi.h"

namespace handschlag::app {
namespace {

http::Response ready(App& app) {
  json::Value parts = json::Value::object();
  Standing worst = Standing::ready;
  for (const PartHealth& health : app.health().parts()) {
    json::Value& part = parts[health.part] = {{"status", name_of(health.standing)}};
    if (!health.code.empty()) part["code"] = health.code;
    if (!health.reason.empty()) part["reason"] = health.reason;
    worst = std::max(worst, health.standing);
  }
  bool serves = worst != Standing::not_ready;
  auto response = http::Response::json(serves ? 200 : 503, {{"status", name_of(worst)}, {"parts", parts}});
  if (!serves) response.with("Retry-After", "5");
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
  router.bind_at_once("readyz", [&app](const std::shared_ptr<const http::Request>&, http::Responder responder) {
    responder.send(ready(app));
  });
  router.bind("metrics", [&app](const http::Request&) { return metrics(app); });
  router.bind("getApiDescription", [](const http::Request&) {
    return http::Response::text(200, std::string(embedded::openapi), "application/json");
  });
  router.bind("getDesk", [&app](const http::Request& request) { return app.pages().document(request); });
  router.bind("getPortal", [&app](const http::Request& request) { return app.pages().portal(request); });
  router.bind("getDeskAsset", [&app](const http::Request& request) { return app.pages().asset(request); });
  router.bind("getLibrary", [&app](const http::Request& request) { return app.pages().library(request); });
  router.bind("getPinnedLibrary", [&app](const http::Request& request) { return app.pages().pinned_library(request); });
}

}  // namespace handschlag::app
