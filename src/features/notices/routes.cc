#include <fmt/format.h>

#include <charconv>

#include "features/notices/codec.h"
#include "features/notices/notices.h"
#include "platform/http/conditional.h"

namespace handschlag::notices {
namespace {

using json::Value;

staff::Actor actor_of(const http::Request& request) {
  return {request.principal.id, request.trace_id};
}

// The change is meant for what stands there now; where nothing does, its tag is none that anybody was given.
template <class T>
Check<T> meant_for(const http::Request& request) {
  return [&request](const T* before) {
    return http::check_match(request, before == nullptr ? std::string() : http::entity_tag(to_json(*before)));
  };
}

template <class List>
Value whole(const List& list) {
  Value items = Value::array();
  for (const auto& each : list) items.push_back(to_json(*each));
  return {{"items", std::move(items)}, {"next", nullptr}};
}

Result<gate::Purpose> purpose_asked(const http::Request& request) {
  const auto purpose = gate::find_purpose(request.path_param("purpose"));
  if (purpose) return *purpose;
  return fail(ErrorKind::not_found, "purpose_unknown", "There is no such purpose; see GET /api/v1/purposes.");
}

Result<Value> get_entry(const Notices& notices, const http::Request& request) {
  const EntryPointer entry = notices.entry(TRY(purpose_asked(request)));
  if (entry) return to_json(*entry);
  return fail(ErrorKind::not_found, "purpose_entry_unknown",
              "Nothing was said here of that purpose; list the entries.");
}

Result<Value> put_entry(Notices& notices, const http::Request& request) {
  Entry entry;
  entry.purpose = TRY(purpose_asked(request));
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  read_entry(reader, entry);
  TRY(reader.finish());
  return to_json(*TRY(notices.put(actor_of(request), std::move(entry), meant_for<Entry>(request))));
}

// A notice as a list shows it: what is in force, what is being drafted, and how many versions there were.
Value summary(std::span<const NoticePointer> versions) {
  Value published = nullptr;
  Value draft = nullptr;
  Value list = Value::array();
  for (const NoticePointer& each : versions) {
    Value one = to_json(*each);
    if (each->status == Status::published) published = one;
    if (each->status == Status::draft) draft = one;
    one.erase("texts");
    one.erase("id");
    list.push_back(std::move(one));
  }
  return {{"id", versions.front()->id},
          {"published", std::move(published)},
          {"draft", std::move(draft)},
          {"versions", std::move(list)}};
}

Value list_notices(const Notices& notices) {
  const auto all = notices.all();
  Value items = Value::array();
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end]->id == all[begin]->id) ++end;
    items.push_back(summary(std::span(all).subspan(begin, end - begin)));
    begin = end;
  }
  return {{"items", std::move(items)}, {"next", nullptr}};
}

Result<std::int64_t> version_asked(const http::Request& request) {
  const std::string_view text = request.path_param("version");
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size() && version > 0) return version;
  return fail(ErrorKind::not_found, "notice_unknown", "A version is a whole number from 1 on; list the notices.");
}

Result<Value> get_version(const Notices& notices, const http::Request& request) {
  const auto version = TRY(version_asked(request));
  for (const NoticePointer& each : notices.all()) {
    if (each->id == request.path_param("id") && each->version == version) return to_json(*each);
  }
  return fail(ErrorKind::not_found, "notice_unknown", "There is no such notice, or version of it; list the notices.");
}

Result<Value> put_draft(Notices& notices, const http::Request& request) {
  NoticeVersion notice;
  notice.id = request.path_param("id");
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  read_notice(reader, notice);
  TRY(reader.finish());
  return to_json(*TRY(notices.draft(actor_of(request), std::move(notice), meant_for<NoticeVersion>(request))));
}

Result<Value> publish(Notices& notices, const http::Request& request) {
  const auto version = TRY(version_asked(request));
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  const std::string hash = reader.text("hash", {.max_length = 64});
  TRY(reader.finish());
  return to_json(*TRY(notices.publish(actor_of(request), request.path_param("id"), version, hash)));
}

Result<Value> retire(Notices& notices, const http::Request& request) {
  return to_json(*TRY(notices.retire(actor_of(request), request.path_param("id"), TRY(version_asked(request)))));
}

Value list_assessments(const Notices& notices, const Clock& clock) {
  Value items = Value::array();
  for (const AssessmentPointer& each : notices.assessments()) items.push_back(to_json(*each, clock.now()));
  return {{"items", std::move(items)}, {"next", nullptr}};
}

Result<Value> assess(Notices& notices, const Clock& clock, const http::Request& request) {
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  Assessment assessment;
  read_assessment(reader, assessment);
  TRY(reader.finish());
  return to_json(*TRY(notices.assess(actor_of(request), std::move(assessment))), clock.now());
}

Result<Value> revoke(Notices& notices, const Clock& clock, const http::Request& request) {
  const std::string_view text = request.path_param("number");
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const Value body = TRY(json::parse(request.body));
  json::Reader reader(body);
  std::string reason = reader.text("reason", {.max_length = 1000});
  TRY(reader.finish());
  return to_json(*TRY(notices.revoke(actor_of(request), number, std::move(reason))), clock.now());
}

http::Response tagged(const http::Request& request, const Result<Value>& value) {
  return value ? http::tagged(request, *value) : http::Response::problem(value.error());
}

http::Response gone(const Result<void>& done) {
  return done ? http::Response::empty(204) : http::Response::problem(done.error());
}

}  // namespace

void bind_routes(http::Router& router, Notices& notices, const Clock& clock) {
  using http::Request;
  using http::Response;
  router.bind("listPurposeEntries", [&](const Request&) { return Response::of(whole(notices.entries())); });
  router.bind("getPurposeEntry", [&](const Request& request) { return tagged(request, get_entry(notices, request)); });
  router.bind("putPurposeEntry",
              [&](const Request& request) { return http::tagged_change(put_entry(notices, request)); });
  router.bind("removePurposeEntry", [&](const Request& request) {
    auto purpose = purpose_asked(request);
    if (!purpose) return Response::problem(purpose.error());
    return gone(notices.remove(actor_of(request), *purpose, meant_for<Entry>(request)));
  });
  router.bind("listAssessments", [&](const Request&) { return Response::of(list_assessments(notices, clock)); });
  router.bind("addAssessment", [&](const Request& request) {
    Response response = Response::of(assess(notices, clock, request));
    if (response.status == 200) response.status = 201;
    return response;
  });
  router.bind("revokeAssessment",
              [&](const Request& request) { return Response::of(revoke(notices, clock, request)); });
  router.bind("listNotices", [&](const Request&) { return Response::of(list_notices(notices)); });
  router.bind("getNoticeVersion",
              [&](const Request& request) { return tagged(request, get_version(notices, request)); });
  router.bind("putNoticeDraft",
              [&](const Request& request) { return http::tagged_change(put_draft(notices, request)); });
  router.bind("discardNoticeDraft", [&](const Request& request) {
    return gone(notices.discard(actor_of(request), request.path_param("id"), meant_for<NoticeVersion>(request)));
  });
  router.bind("publishNotice", [&](const Request& request) { return Response::of(publish(notices, request)); });
  router.bind("retireNotice", [&](const Request& request) { return Response::of(retire(notices, request)); });
}

}  // namespace handschlag::notices
