// Any JSON a client may send: decoding and preparing end with an event within its limits or an error, and
// nothing is used for what the source does not declare.
#include <memory>
#include <utility>

#include "features/events/prepare.h"
#include "features/events/wire.h"
#include "platform/base/testing/fuzz.h"
#include "platform/crypto/crypto.h"

namespace {

using namespace handschlag;
using fuzz::require;

sources::SourcePointer shop() {
  using gate::Basis;
  using gate::Purpose;
  sources::Source source{
      .id = "shop",
      .touchpoint = "checkout",
      .name_space = "shop",
      .controller = "self",
      .country = "DE",
      .purposes = {{Purpose::CustomerOrderManagement, Basis::contract},
                   {Purpose::ServiceUsageAnalytics, Basis::consent}},
      .consent_categories = {{"Analytics", {Purpose::ServiceUsageAnalytics}}},
      .plan = {.declared = true, .events = {{"Order Completed", {"total", "email"}}, {"$identify", {"*"}}}}};
  return std::make_shared<const sources::Source>(std::move(source));
}

void check(const events::Intake& event, const sources::SourcePointer& source, Time received) {
  require(event.occurred >= Time{} && event.occurred <= received);
  require(event.user_id || event.anonymous_id);
  require(!event.message_id.empty() && event.message_id.size() <= 100);
  require((event.consented & event.refused).empty());
  auto prepared = events::prepare(event, source, *law::built_in());
  if (!prepared) return;
  require(prepared->payload.size() <= events::wire::kMaxEventBytes);
  require(prepared->sighting.has_value() == (prepared->decision == gate::Decision::allow));
  require((prepared->purposes.bits() & ~source->purpose_set().bits()) == 0);
  if (!prepared->payload.empty()) require(json::parse(prepared->payload).has_value());
  require(events::event_id_of(*prepared, crypto::Key()).size() == 16);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sources::SourcePointer source = [] {
    crypto::initialize();
    return shop();
  }();
  const Time received = from_millis(1'795'000'000'000);
  auto body = json::Tree::parse(fuzz::text_of(data, size));
  if (!body) return 0;
  if (auto event = events::wire::decode_event(*body, std::nullopt, *source, received)) check(*event, source, received);
  if (auto event = events::wire::decode_event(*body, events::EventType::identify, *source, received)) {
    check(*event, source, received);
  }
  auto batch = events::wire::decode_batch(*body, *source, received);
  if (!batch) return 0;
  require(batch->events.size() == batch->places.size());
  for (const events::Intake& event : batch->events) check(event, source, received);
  return 0;
}
