#include <charconv>

#include "features/templates/codec.h"
#include "features/templates/templates.h"

namespace handschlag::templates {
namespace {

using http::Request;
using json::Value;

Result<Value> list(Templates& templates) {
  Value items = Value::array();
  for (const Template& one : TRY(templates.list())) items.push_back(to_json(one));
  return Value{{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> get(const Request& request, Templates& templates) {
  std::int64_t version = 0;
  if (auto text = request.query_param("version")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
    if (error != std::errc{} || end != text->data() + text->size() || version < 1) {
      return fail(ErrorKind::invalid, "fields_invalid", "version must be a whole number from 1.",
                  {{"version", "must be a whole number from 1"}});
    }
  }
  return to_json(TRY(templates.find(request.path_param("id"), version)));
}

// A role writes for its own purposes alone.
Result<void> may_write(const Request& request, gate::Purpose purpose) {
  if (gate::purposes_of_role(request.principal.role).has(purpose)) return {};
  return fail(ErrorKind::forbidden, "role_without_purpose", "Your role writes to customers for other purposes.");
}

Result<Template> publish(const Request& request, Templates& templates) {
  Template one = TRY(read_template(TRY(json::parse(request.body))));
  TRY(may_write(request, one.purpose));
  if (!staff::unit_of(request.principal).empty()) {
    return fail(ErrorKind::forbidden, "whole_company",
                "What all of the company sends is published by who sees all of it.");
  }
  return templates.publish({request.principal.id, request.trace_id}, std::move(one));
}

Result<Value> preview(const Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string language = reader.text("language", {.max_length = 2});
  Parameters parameters;
  if (const Value* given = reader.object("parameters")) {
    for (const auto& [name, value] : given->items()) {
      if (value.is_string()) {
        parameters[name] = value.get<std::string>();
      } else {
        reader.error("parameters", "must be texts");
      }
    }
  }
  const Value* given = reader.object("template");
  TRY(reader.finish());
  const Template one = TRY(read_template(given == nullptr ? Value::object() : *given, "/template"));
  TRY(check(one));
  if (needs_unsubscribe(one.purpose)) parameters.emplace(kUnsubscribe, "https://unsubscribe.invalid/");
  const Rendered rendered = TRY(render(one, language, parameters));
  return Value{
      {"language", rendered.language}, {"subject", rendered.subject}, {"text", rendered.text}, {"html", rendered.html}};
}

}  // namespace

void bind_routes(http::Router& router, Templates& templates) {
  using http::Response;
  router.bind("listTemplates", [&](const Request&) { return Response::of(list(templates)); });
  router.bind("getTemplate", [&](const Request& request) { return Response::of(get(request, templates)); });
  router.bind("publishTemplate", [&](const Request& request) {
    auto one = publish(request, templates);
    return one ? Response::json(201, to_json(*one)) : Response::problem(one.error());
  });
  router.bind("previewTemplate", [](const Request& request) { return Response::of(preview(request)); });
}

}  // namespace handschlag::templates
